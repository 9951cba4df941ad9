import { type FC, useLayoutEffect, useRef, useState } from "react";
import type { ChartSpec } from "@/api/generated/ChartSpec";
import type { Series } from "@/api/generated/Series";
import { readStep } from "./layout";

/** Exact values of one step, beside the cursor and inside the chart. */
export const Tooltip: FC<{
  spec: ChartSpec;
  ceiling?: Series | undefined;
  index: number;
  left: number;
  mirror: number;
  width: number;
}> = ({ spec, ceiling, index, left, mirror, width }) => {
  const ref = useRef<HTMLDivElement>(null);
  const [own, setOwn] = useState(200);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the width follows the words of the step
  useLayoutEffect(() => {
    if (ref.current) setOwn(ref.current.offsetWidth);
  }, [index, spec]);
  const { title, readings, change } = readStep(spec, index, ceiling);
  return (
    <div
      ref={ref}
      className="tip"
      style={{ left: left + own > width ? Math.max(0, mirror - own) : left, top: 4 }}
      aria-hidden="true"
    >
      <div className="h">{title}</div>
      <table>
        <tbody>
          {readings.map((line) => (
            <tr key={line.label} className={line.isPrevious ? "t2" : ""}>
              <td>
                {spec.kind === "lines" && <i className={`sw sw${line.slot}`} />}
                {line.label}
              </td>
              <td>{line.value}</td>
            </tr>
          ))}
          {change && (
            <tr>
              <td>Change</td>
              <td>{change}</td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
};
