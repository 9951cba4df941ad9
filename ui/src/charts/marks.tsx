import { scaleBand, scaleLinear } from "@visx/scale";
import { Bar, LinePath } from "@visx/shape";
import type { FC } from "react";
import type { ChartSpec } from "@/api/generated/ChartSpec";
import type { Series } from "@/api/generated/Series";
import {
  type Frame,
  fanBands,
  labelledSteps,
  namedSeries,
  spread,
  tickLabel,
  twoLines,
  valueLabel,
} from "./layout";

/** Scales of a chart in its frame. */
export function chartScales(spec: ChartSpec, frame: Frame, ticks: readonly number[]) {
  const x = scaleBand<number>({
    domain: spec.steps.map((_, index) => index),
    range: [frame.left, frame.width - frame.right],
  });
  const y = scaleLinear<number>({
    domain: [0, ticks.at(-1) ?? 1],
    range: [frame.height - frame.bottom, frame.top],
  });
  const center = (index: number) => (x(index) ?? 0) + x.bandwidth() / 2;
  return { x, y, center, step: x.bandwidth() };
}

/** What the marks are drawn with. */
export interface MarksProps {
  spec: ChartSpec;
  frame: Frame;
  ticks: readonly number[];
  hatch: string;
}

/** Lines and labels of both axes. */
export const Axes: FC<MarksProps> = ({ spec, frame, ticks }) => {
  const { y, center } = chartScales(spec, frame, ticks);
  return (
    <>
      {ticks.map((tick) => {
        const place = Math.round(y(tick)) + 0.5;
        return (
          <g key={tick}>
            <line
              x1={frame.left}
              x2={frame.width - frame.right}
              y1={place}
              y2={place}
              className={tick === 0 ? "ax" : "gr"}
            />
            <text x={frame.left - 8} y={place + 4} textAnchor="end">
              {tickLabel(tick, spec.unit)}
            </text>
          </g>
        );
      })}
      {labelledSteps(spec, frame.width - frame.left - frame.right).map((index) => (
        <text key={index} x={center(index)} y={frame.height - 6} textAnchor="middle">
          {spec.steps[index]?.label}
        </text>
      ))}
    </>
  );
};

const points = (series: Series) => series.values.map((value, index) => ({ value, index }));

/** The previous period: the same hue, dashed, on a casing of the ground so that it shows on its own bars. */
const PreviousLine: FC<MarksProps & { series: Series }> = ({ spec, frame, ticks, series }) => {
  const { y, center } = chartScales(spec, frame, ticks);
  const line = {
    data: points(series),
    x: (point: { index: number }) => center(point.index),
    y: (point: { value: number | null }) => y(point.value ?? 0),
    defined: (point: { value: number | null }) => point.value !== null,
  };
  return (
    <>
      <LinePath {...line} className="halo" />
      <LinePath {...line} className="prev" />
    </>
  );
};

/** One bar per step; an unfinished one is hatched inside a solid outline, so that its height reads exactly. */
export const BarMarks: FC<MarksProps> = (props) => {
  const { spec, frame, ticks, hatch } = props;
  const { x, y, step } = chartScales(spec, frame, ticks);
  const base = frame.height - frame.bottom;
  // Few steps make no beams of their bars.
  const width = step > 7 ? Math.min(32, Math.floor(step - 4)) : Math.max(1, step - (step > 2 ? 1 : 0));
  return (
    <>
      {spec.series
        .filter((series) => !series.is_previous)
        .flatMap((series) =>
          points(series).map(({ value, index }) => {
            if (value === null) return null;
            const left = (x(index) ?? 0) + (step - width) / 2;
            const top = Math.min(Math.round(y(value)), value > 0 ? base - 1 : base);
            if (!spec.steps[index]?.is_unfinished) {
              return (
                <Bar
                  key={index}
                  x={left}
                  y={top}
                  width={width}
                  height={base - top}
                  className={`f${series.slot}`}
                />
              );
            }
            if (base - top < 3 || width < 4) {
              return (
                <Bar
                  key={index}
                  x={left}
                  y={top}
                  width={width}
                  height={base - top}
                  className={`f${series.slot}`}
                  opacity={0.6}
                />
              );
            }
            return (
              <rect
                key={index}
                x={left + 0.75}
                y={top + 0.75}
                width={width - 1.5}
                height={base - top - 0.75}
                fill={`url(#${hatch})`}
                className={`k${series.slot}`}
                strokeWidth={1.5}
              />
            );
          }),
        )}
      {spec.series
        .filter((series) => series.is_previous)
        .map((series) => (
          <PreviousLine key={series.label} {...props} series={series} />
        ))}
    </>
  );
};

/** Lines with a mark at the end; a missing value is a gap, a lonely one a dot. */
export const LineMarks: FC<MarksProps> = (props) => {
  const { spec, frame, ticks } = props;
  const { y, center } = chartScales(spec, frame, ticks);
  return (
    <>
      {spec.series.map((series) => {
        if (series.is_previous) return <PreviousLine key={series.label} {...props} series={series} />;
        const data = points(series);
        const end = data.findLast((point) => point.value !== null);
        const isUnfinished = end ? spec.steps[end.index]?.is_unfinished : false;
        return (
          <g key={series.label}>
            <LinePath
              data={data}
              x={(point) => center(point.index)}
              y={(point) => y(point.value ?? 0)}
              defined={(point) => point.value !== null}
              className={`k${series.slot}`}
              fill="none"
              strokeWidth={1.75}
              strokeLinejoin="round"
            />
            {data
              .filter((point) => isAlone(series, point.index))
              .map((point) => (
                <circle
                  key={point.index}
                  cx={center(point.index)}
                  cy={y(point.value ?? 0)}
                  r={2}
                  className={`f${series.slot}`}
                />
              ))}
            {end && (
              <circle
                cx={center(end.index)}
                cy={y(end.value ?? 0)}
                r={3}
                className={isUnfinished ? `bg k${series.slot}` : `f${series.slot}`}
                strokeWidth={1.5}
              />
            )}
          </g>
        );
      })}
    </>
  );
};

/** What came as a line, what is expected as a dashed one that goes on from it, and the bands around that. */
export const FanMarks: FC<MarksProps> = ({ spec, frame, ticks }) => {
  const { y, center } = chartScales(spec, frame, ticks);
  const [came, expected, ...bands] = spec.series;
  if (!came || !expected) return null;
  const last = came.values.findLastIndex((value) => value !== null);
  const start = points(came).filter((point) => point.index === last);
  const ahead = (series: Series) => [...start, ...points(series).filter((point) => point.value !== null)];
  const path = (run: { value: number | null; index: number }[]) =>
    `M${run.map((point) => `${center(point.index)} ${y(point.value ?? 0)}`).join("L")}`;
  const end = ahead(expected).at(-1);
  return (
    <>
      {fanBands(bands).map(({ low, high }) => (
        <path
          key={low.label}
          d={`${path([...ahead(low), ...ahead(high).reverse()])}Z`}
          className={`f${expected.slot} band`}
        />
      ))}
      <path
        d={path(points(came).filter((point) => point.value !== null))}
        fill="none"
        className={`k${came.slot}`}
        strokeWidth={1.75}
      />
      <path
        d={path(ahead(expected))}
        fill="none"
        className={`k${expected.slot}`}
        strokeWidth={1.75}
        strokeDasharray="4 3"
      />
      {end && (
        <circle
          cx={center(end.index)}
          cy={y(end.value ?? 0)}
          r={3}
          className={`bg k${expected.slot}`}
          strokeWidth={1.5}
        />
      )}
    </>
  );
};

function isAlone(series: Series, index: number): boolean {
  const has = (at: number) => (series.values[at] ?? null) !== null;
  return has(index) && !has(index - 1) && !has(index + 1);
}

/** What is allowed, step by step: a line that is drawn over whole steps and leaves out those without a limit. */
export const CeilingMark: FC<MarksProps & { ceiling: Series }> = ({ spec, frame, ticks, ceiling }) => {
  const { x, y, step } = chartScales(spec, frame, ticks);
  let isDrawing = false;
  const path = points(ceiling)
    .map(({ value, index }) => {
      if (value === null) {
        isDrawing = false;
        return "";
      }
      const left = x(index) ?? 0;
      const top = Math.round(y(value)) + 0.5;
      const start = isDrawing ? `V${top}` : `M${left} ${top}`;
      isDrawing = true;
      return `${start}H${left + step}`;
    })
    .join("");
  return <path d={path} fill="none" className="ceil" />;
};

/** A label at the right end of the marks. */
export interface EndLabel {
  /** The value it stands at. */
  value: number;
  lines: string[];
  isMuted: boolean;
}

/** The direct labels of a chart, before they are moved apart. */
export function endLabels(spec: ChartSpec, unfinishedLabel: string, ceiling?: Series): EndLabel[] {
  const labels = namedSeries(spec).map((series) => {
    const end = series.values.findLast((value) => value !== null) ?? null;
    const value = end === null ? "no data" : valueLabel(end, spec.unit);
    if (series.is_previous) return { value: end ?? 0, lines: twoLines(series.label), isMuted: true };
    const isUnfinished = spec.steps.at(-1)?.is_unfinished && spec.kind === "bars";
    return { value: end ?? 0, lines: [isUnfinished ? unfinishedLabel : series.label, value], isMuted: false };
  });
  const most = ceiling?.values.at(-1) ?? null;
  if (ceiling && most !== null) {
    labels.push({ value: most, lines: [ceiling.label, valueLabel(most, spec.unit)], isMuted: true });
  }
  return labels;
}

/** Direct labels instead of a legend. */
export const EndLabels: FC<MarksProps & { labels: readonly EndLabel[] }> = ({
  spec,
  frame,
  ticks,
  labels,
}) => {
  const { y } = chartScales(spec, frame, ticks);
  const wanted = labels.map((label) => y(label.value));
  const places = spread(wanted, 38, frame.top + 8, frame.height - frame.bottom - 18);
  const left = frame.width - frame.right + 10;
  return (
    <>
      {labels.map((label, index) =>
        label.lines.map((line, row) => (
          <text
            key={line}
            x={left}
            y={(places[index] ?? 0) + row * 16}
            className={label.isMuted || (row > 0 && spec.kind !== "bars") ? "m" : "s"}
          >
            {line}
          </text>
        )),
      )}
    </>
  );
};
