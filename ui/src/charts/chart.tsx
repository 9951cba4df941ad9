import {
  type FC,
  type KeyboardEvent,
  type PointerEvent,
  useDeferredValue,
  useId,
  useRef,
  useState,
} from "react";
import type { ChartSpec } from "@/api/generated/ChartSpec";
import type { Series } from "@/api/generated/Series";
import { useWidth } from "@/lib/width";
import { chartFrame, chartSummary, readStep, tickLabel, valueTicks } from "./layout";
import { Axes, BarMarks, CeilingMark, chartScales, EndLabels, endLabels, FanMarks, LineMarks } from "./marks";
import { Tooltip } from "./tooltip";

/** Draws a chart: one tab stop, ←/→ move a cursor that is read out, Enter or a click opens the step's rows. */
export const Chart: FC<{
  spec: ChartSpec;
  height: number;
  unfinishedLabel: string;
  /** What is allowed, as a stepped line above the bars. */
  ceiling?: Series | undefined;
  onOpen?: (step: number) => void;
}> = ({ spec, height, unfinishedLabel, ceiling, onOpen }) => {
  const ref = useRef<HTMLDivElement>(null);
  const width = useWidth(ref, 640);
  const hatch = useId();
  const [cursor, setCursor] = useState<number>();
  const [isKeyboard, setIsKeyboard] = useState(false);
  const spoken = useDeferredValue(isKeyboard ? cursor : undefined);

  const drawn = ceiling ? [...spec.series, ceiling] : spec.series;
  const largest = Math.max(0, ...drawn.flatMap((series) => series.values.map((value) => value ?? 0)));
  const ticks = valueTicks(largest, spec.unit);
  const labels = endLabels(spec, unfinishedLabel, ceiling);
  const frame = chartFrame(
    width,
    height,
    labels.flatMap((label) => label.lines),
    ticks.map((tick) => tickLabel(tick, spec.unit)),
  );
  const { x, step } = chartScales(spec, frame, ticks);
  const last = spec.steps.length - 1;
  const shown = cursor !== undefined && cursor <= last ? cursor : undefined;

  const handlePointer = (event: PointerEvent<HTMLDivElement>) => {
    const offset = event.clientX - event.currentTarget.getBoundingClientRect().left - frame.left;
    const index = Math.floor(offset / step);
    setIsKeyboard(false);
    setCursor(index >= 0 && index <= last ? index : undefined);
  };
  const handleKey = (event: KeyboardEvent) => {
    const from = cursor ?? last + (event.key === "ArrowLeft" ? 1 : -1);
    const next = {
      ArrowLeft: Math.max(0, from - 1),
      ArrowRight: Math.min(last, from + 1),
      Home: 0,
      End: last,
    }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      setIsKeyboard(true);
      setCursor(next);
    } else if (event.key === "Enter" && cursor !== undefined && onOpen) {
      event.preventDefault();
      onOpen(cursor);
    }
  };
  const reading = spoken === undefined ? undefined : readStep(spec, spoken, ceiling);
  const marks = { spec, frame, ticks, hatch };
  // An unfinished step keeps the hue of its series.
  const hatched = `k${spec.series.find((series) => !series.is_previous)?.slot ?? 0}`;

  return (
    // biome-ignore lint/a11y/useSemanticElements: a figure takes no keys; the group names what the arrows move in
    <div
      ref={ref}
      className={onOpen ? "ch can-open" : "ch"}
      style={{ height }}
      role="group"
      aria-roledescription="chart"
      aria-label={chartSummary(spec)}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move its cursor
      tabIndex={0}
      onPointerMove={handlePointer}
      onPointerLeave={() => setCursor(undefined)}
      onBlur={() => isKeyboard && setCursor(undefined)}
      onClick={() => shown !== undefined && onOpen?.(shown)}
      onKeyDown={handleKey}
    >
      <svg width={width} height={height} aria-hidden="true">
        <defs>
          <pattern
            id={hatch}
            width="5"
            height="5"
            patternUnits="userSpaceOnUse"
            patternTransform="rotate(45)"
          >
            <rect width="5" height="5" className="bg" />
            <line x1="1" y1="0" x2="1" y2="5" className={hatched} strokeWidth="2" />
          </pattern>
        </defs>
        <Axes {...marks} />
        {shown !== undefined && (
          <rect
            x={x(shown)}
            y={frame.top}
            width={step}
            height={height - frame.top - frame.bottom}
            className="cur"
          />
        )}
        {spec.kind === "bars" && <BarMarks {...marks} />}
        {spec.kind === "lines" && <LineMarks {...marks} />}
        {spec.kind === "fan" && <FanMarks {...marks} />}
        {ceiling && <CeilingMark {...marks} ceiling={ceiling} />}
        <EndLabels {...marks} labels={labels} />
      </svg>
      {shown !== undefined && (
        <Tooltip
          spec={spec}
          ceiling={ceiling}
          index={shown}
          left={(x(shown) ?? 0) + step + 8}
          mirror={(x(shown) ?? 0) - 8}
          width={width}
        />
      )}
      <div className="sr" aria-live="polite">
        {reading &&
          `${reading.title}: ${reading.readings.map((line) => `${line.label} ${line.value}`).join(", ")}${reading.change ? `, change ${reading.change}` : ""}`}
      </div>
    </div>
  );
};
