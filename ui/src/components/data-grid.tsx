import { defaultRangeExtractor, useVirtualizer } from "@tanstack/react-virtual";
import { type FC, type KeyboardEvent, memo, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { Icon } from "./icon";

/** A column of a grid. */
export interface GridColumn<Row> {
  id: string;
  header: string;
  /** A CSS grid track, for example `120px` or `minmax(160px, 2fr)`. */
  track: string;
  isNumber?: boolean;
  /** The order that a click on the heading asks for. */
  sort?: { key: string; direction: "ascending" | "descending" };
  cell: (row: Row) => ReactNode;
}

/** What a grid needs. */
export interface DataGridProps<Row> {
  label: string;
  columns: readonly GridColumn<Row>[];
  rows: readonly Row[];
  rowId: (row: Row) => string;
  /** How many rows there are in all, loaded or not. */
  total: number;
  openId?: string | undefined;
  onOpen?: (row: Row) => void;
  /** What Enter and a double click do, where it is more than a look. */
  onEnter?: (row: Row) => void;
  /** The key of the order the rows come in. */
  sortedBy?: string;
  onSort?: (key: string) => void;
  onEndReached?: () => void;
  isLoadingMore?: boolean;
  selected?: ReadonlySet<string>;
  onSelect?: (id: string, isRange: boolean) => void;
}

const rowHeight = () =>
  Number.parseInt(getComputedStyle(document.documentElement).getPropertyValue("--row"), 10) || 32;

/**
 * A virtualised list of rows of one height. One tab stop; the arrows move through the rows, Enter opens one,
 * Space selects it. The row in focus stays mounted while it is scrolled away.
 */
export function DataGrid<Row>(props: DataGridProps<Row>): ReactNode {
  const {
    label,
    columns,
    rows,
    rowId,
    total,
    openId,
    onOpen,
    onEnter,
    sortedBy,
    onSort,
    onEndReached,
    isLoadingMore,
    selected,
    onSelect,
  } = props;
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  const [height] = useState(rowHeight);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 8,
    initialRect: { width: 1000, height: 640 },
    rangeExtractor: (range) => {
      const seen = defaultRangeExtractor(range);
      return active < rows.length && !seen.includes(active) ? [...seen, active].sort((a, b) => a - b) : seen;
    },
  });
  const items = virtual.getVirtualItems();
  const lastShown = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (rows.length > 0 && lastShown >= rows.length - 20 && rows.length < total && !isLoadingMore)
      onEndReached?.();
  }, [lastShown, rows.length, total, isLoadingMore, onEndReached]);

  const template = `${onSelect ? "16px " : ""}${columns.map((column) => column.track).join(" ")}`;
  const move = (to: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, to));
    setActive(next);
    virtual.scrollToIndex(next);
    const row = rows[next];
    // While the details of one row are open, the arrows walk through the details.
    if (openId !== undefined && row && onOpen) onOpen(row);
  };
  const handleKey = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 320) / height) - 2);
    const to = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: rows.length - 1,
    }[event.key];
    const row = rows[active];
    if (to !== undefined) move(to);
    else if (event.key === "Enter" && row && (onEnter ?? onOpen)) (onEnter ?? onOpen)?.(row);
    else if ((event.key === " " || event.key === "x") && row && onSelect)
      onSelect(rowId(row), event.shiftKey);
    else return;
    event.preventDefault();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a table cannot be virtualised with absolute rows
    <div
      className="dg"
      role="grid"
      aria-label={label}
      aria-rowcount={total + 1}
      aria-colcount={columns.length + (onSelect ? 1 : 0)}
      aria-activedescendant={rows.length > 0 ? `${id}-${active}` : undefined}
      aria-multiselectable={onSelect ? true : undefined}
      ref={scroller}
      tabIndex={0}
      onKeyDown={handleKey}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: see the grid */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: the grid holds the focus */}
      <div role="row" aria-rowindex={1} className="dg-h" style={{ gridTemplateColumns: template }}>
        {onSelect && (
          // biome-ignore lint/a11y/useSemanticElements: see the grid
          // biome-ignore lint/a11y/useFocusableInteractive: see the grid
          <span role="columnheader" aria-colindex={1}>
            <span className="sr">Selected</span>
          </span>
        )}
        {columns.map((column, index) => (
          // biome-ignore lint/a11y/useSemanticElements: see the grid
          // biome-ignore lint/a11y/useFocusableInteractive: see the grid
          <span
            key={column.id}
            role="columnheader"
            aria-colindex={index + 1 + (onSelect ? 1 : 0)}
            aria-sort={
              column.sort && sortedBy
                ? sortedBy === column.sort.key
                  ? column.sort.direction
                  : "none"
                : undefined
            }
            className={column.isNumber ? "n" : ""}
          >
            {column.sort && onSort ? (
              <button
                type="button"
                tabIndex={-1}
                className="dg-s"
                onClick={() => onSort(column.sort?.key ?? "")}
              >
                {column.header}
                {sortedBy === column.sort.key && (
                  <Icon name={column.sort.direction === "ascending" ? "up" : "down"} />
                )}
              </button>
            ) : (
              column.header
            )}
          </span>
        ))}
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: see the grid */}
      <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {items.map((item) => {
          const row = rows[item.index];
          if (row === undefined) return null;
          const key = rowId(row);
          return (
            <GridRow
              key={key}
              id={`${id}-${item.index}`}
              index={item.index}
              top={item.start}
              height={height}
              template={template}
              row={row}
              rowKey={key}
              columns={columns as readonly GridColumn<unknown>[]}
              isActive={item.index === active}
              isOpen={key === openId}
              isSelected={selected?.has(key) ?? false}
              onActivate={(isOpening) => {
                setActive(item.index);
                if (isOpening) onOpen?.(row);
              }}
              onEnter={() => onEnter?.(row)}
              onSelect={onSelect}
            />
          );
        })}
      </div>
      {isLoadingMore && <div className="dg-more cap t3">Reading more rows</div>}
    </div>
  );
}

interface GridRowProps {
  id: string;
  index: number;
  top: number;
  height: number;
  template: string;
  row: unknown;
  rowKey: string;
  columns: readonly GridColumn<unknown>[];
  isActive: boolean;
  isOpen: boolean;
  isSelected: boolean;
  onActivate: (isOpening: boolean) => void;
  onEnter: () => void;
  onSelect: ((id: string, isRange: boolean) => void) | undefined;
}

const GridRowPlain: FC<GridRowProps> = (props) => {
  const { id, index, top, height, template, row, rowKey, columns, isActive, isOpen, isSelected } = props;
  return (
    // biome-ignore lint/a11y/useSemanticElements: see the grid
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid takes the keys
    // biome-ignore lint/a11y/useFocusableInteractive: the grid holds the focus
    <div
      id={id}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={props.onSelect ? isSelected : isOpen}
      className={`dg-r${isActive ? " is-active" : ""}${isOpen || isSelected ? " is-sel" : ""}`}
      style={{ gridTemplateColumns: template, transform: `translateY(${top}px)`, height }}
      onClick={() => props.onActivate(true)}
      onDoubleClick={props.onEnter}
    >
      {props.onSelect && (
        // biome-ignore lint/a11y/useSemanticElements: see the grid
        // biome-ignore lint/a11y/useFocusableInteractive: see the grid
        // biome-ignore lint/a11y/useKeyWithClickEvents: Space selects the active row
        <span
          role="gridcell"
          aria-colindex={1}
          className="dg-check"
          onClick={(event) => {
            event.stopPropagation();
            props.onActivate(false);
            props.onSelect?.(rowKey, event.shiftKey);
          }}
        >
          <span className={isSelected ? "cb is-on" : "cb"} aria-hidden="true">
            {isSelected && <Icon name="check" />}
          </span>
          <span className="sr">{isSelected ? "selected" : "not selected"}</span>
        </span>
      )}
      {columns.map((column, place) => (
        // biome-ignore lint/a11y/useSemanticElements: see the grid
        // biome-ignore lint/a11y/useFocusableInteractive: see the grid
        <span
          key={column.id}
          role="gridcell"
          aria-colindex={place + 1 + (props.onSelect ? 1 : 0)}
          className={column.isNumber ? "n" : "tr"}
        >
          {column.cell(row)}
        </span>
      ))}
    </div>
  );
};

// Only what is drawn decides: the callbacks are new on every render of the list, the row they act on is not.
const GridRow = memo(
  GridRowPlain,
  (a, b) =>
    a.row === b.row &&
    a.top === b.top &&
    a.index === b.index &&
    a.isActive === b.isActive &&
    a.isOpen === b.isOpen &&
    a.isSelected === b.isSelected &&
    a.columns === b.columns &&
    a.height === b.height &&
    a.onSelect === b.onSelect,
);
