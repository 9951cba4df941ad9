import { type FC, type ReactNode, useState } from "react";
import type { ChartSpec } from "@/api/generated/ChartSpec";
import type { Series } from "@/api/generated/Series";
import { Icon } from "@/components/icon";
import { Panel } from "@/components/panel";
import { MethodNote } from "@/components/popup";
import { Chart } from "./chart";
import { readStep } from "./layout";

/** A chart with its head: subtitle, "View as table" and "?". */
export const ChartPanel: FC<{
  spec: ChartSpec;
  height: number;
  unfinishedLabel: string;
  className?: string;
  onOpen?: (step: number) => void;
  /** Beside "View as table", for example its export. */
  actions?: ReactNode;
  /** What is allowed, as a stepped line above the bars. */
  ceiling?: Series | undefined;
}> = ({ spec, height, unfinishedLabel, className, onOpen, actions, ceiling }) => {
  const [isTable, setIsTable] = useState(false);
  return (
    <Panel
      title={spec.title}
      note={spec.subtitle}
      {...(className ? { className } : {})}
      actions={
        <>
          {actions}
          <button
            type="button"
            className="ib"
            aria-label={isTable ? `${spec.title}: view as chart` : `${spec.title}: view as table`}
            onClick={() => setIsTable(!isTable)}
          >
            <Icon name={isTable ? "bars" : "table"} />
          </button>
          <MethodNote title={spec.title}>
            <p>{spec.method}</p>
          </MethodNote>
        </>
      }
    >
      {isTable ? (
        <ChartTable spec={spec} ceiling={ceiling} height={height + 24} {...(onOpen ? { onOpen } : {})} />
      ) : (
        <div className="pb">
          <Chart
            spec={spec}
            height={height}
            unfinishedLabel={unfinishedLabel}
            ceiling={ceiling}
            {...(onOpen ? { onOpen } : {})}
          />
        </div>
      )}
    </Panel>
  );
};

/** The same numbers as a table. */
const ChartTable: FC<{
  spec: ChartSpec;
  ceiling: Series | undefined;
  height: number;
  onOpen?: (step: number) => void;
}> = ({ spec, ceiling, height, onOpen }) => {
  const hasChange = spec.series.some((series) => series.is_previous);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reachable by keyboard
    <section className="tw ct" style={{ height }} tabIndex={0} aria-label={`${spec.title} as table`}>
      <table className="tb">
        <thead>
          <tr>
            <th scope="col">Step</th>
            {(ceiling ? [...spec.series, ceiling] : spec.series).map((series) => (
              <th key={series.label} scope="col" className="n">
                {series.label}
              </th>
            ))}
            {hasChange && (
              <th scope="col" className="n">
                Change
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {spec.steps.map((step, index) => {
            const { title, readings, change } = readStep(spec, index, ceiling, true);
            return (
              <tr key={step.title}>
                <td>
                  {onOpen ? (
                    <button type="button" className="link" onClick={() => onOpen(index)}>
                      {title}
                    </button>
                  ) : (
                    title
                  )}
                </td>
                {readings.map((line) => (
                  <td key={line.label} className="n">
                    {line.value}
                  </td>
                ))}
                {hasChange && <td className="n t2">{change ?? "n/a"}</td>}
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
};
