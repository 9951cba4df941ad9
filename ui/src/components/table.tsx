import type { FC, ReactNode } from "react";

/** A column of a table: its heading, and how its cells stand. */
export interface Column {
  heading: string;
  /** `n` for numbers, at the right; `hide-t` and `hide-m` where there is little room. */
  className?: string;
}

/** A table of a panel under its headings; the rows are the caller's. */
export const Table: FC<{
  columns: readonly Column[];
  className?: string;
  /** What stands above the table inside the same scrolling box. */
  lead?: ReactNode;
  children: ReactNode;
}> = ({ columns, className, lead, children }) => (
  <div className="tw">
    {lead}
    <table className={className ? `tb ${className}` : "tb"}>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.heading} scope="col" className={column.className}>
              {column.heading}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  </div>
);

/** A number with its share of the largest as a bar. */
export const Meter: FC<{ percent: number; text: string; colour?: string }> = ({ percent, text, colour }) => (
  <span className="mt">
    <span className={colour ? "meter" : "meter a"}>
      <i style={{ width: `${percent}%`, ...(colour ? { background: colour } : {}) }} />
    </span>
    <span>{text}</span>
  </span>
);
