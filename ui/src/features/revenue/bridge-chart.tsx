import { scaleBand, scaleLinear } from "@visx/scale";
import { type FC, useId, useRef } from "react";
import type { Revenue } from "@/api/generated/Revenue";
import { Panel } from "@/components/panel";
import { MethodNote } from "@/components/popup";
import { axisNumber, formatClock, formatNumber } from "@/lib/format";
import { formatMinorSigned } from "@/lib/money";
import { useWidth } from "@/lib/width";
import { bridgeBars, bridgeTicks, movementLines } from "./model";
import { RevenueExport } from "./revenue-export";

const HEIGHT = 256;
const FRAME = { left: 48, right: 8, top: 24, bottom: 40 };
/** Room of a break between 0 and where the axis goes on. */
const BREAK = 28;

/** From the balance of the month's start to that of its end; the table beside it says the same in numbers. */
export const BridgeChart: FC<{ revenue: Revenue; className?: string }> = ({ revenue, className }) => {
  const ref = useRef<HTMLDivElement>(null);
  const width = useWidth(ref, 640);
  const hatch = useId();
  const now = revenue.months.at(-1);
  const spec = revenue.bridge_chart;
  if (!now || !spec) return null;
  const bars = bridgeBars(spec);
  const ticks = bridgeTicks(spec.axis_break, Math.max(...bars.flatMap((bar) => [bar.from, bar.to])));
  const isBroken = spec.axis_break > 0;
  const base = HEIGHT - FRAME.bottom;
  const x = scaleBand<number>({
    domain: bars.map((_, index) => index),
    range: [FRAME.left, width - FRAME.right],
  });
  const above = scaleLinear<number>({
    domain: [ticks[0] ?? 0, ticks.at(-1) ?? 1],
    range: [isBroken ? base - BREAK : base, FRAME.top],
  });
  const y = (value: number) => (isBroken && value <= 0 ? base : above(value));
  const step = x.bandwidth();
  const bar = Math.min(56, Math.floor(step - 16));
  const left = (index: number) => Math.round((x(index) ?? 0) + (step - bar) / 2);
  const isOpen = now.is_unfinished;
  const label = movementLines(now, undefined)
    .map((line) => `${line.label} ${formatMinorSigned(line.minor, revenue.exponent)}`)
    .join(", ");
  return (
    <Panel
      title={spec.title}
      note={`${isOpen ? `to ${formatClock(revenue.period.end, revenue.zone).slice(0, 5)}` : "whole month"} · ${now.currency}`}
      {...(className ? { className } : {})}
      actions={
        <>
          <RevenueExport rows="/bridge_chart" name={spec.title} spec={spec} />
          <MethodNote title={spec.title}>
            <p>{spec.method}</p>
          </MethodNote>
        </>
      }
    >
      <div className="pb">
        <div className="ch" ref={ref} role="img" aria-label={`${spec.title} in ${now.currency}. ${label}.`}>
          <svg width={width} height={HEIGHT} aria-hidden="true">
            <defs>
              {["k1", "k2", "ko"].map((kind) => (
                <pattern
                  key={kind}
                  id={`${hatch}${kind}`}
                  width="5"
                  height="5"
                  patternUnits="userSpaceOnUse"
                  patternTransform="rotate(45)"
                >
                  <rect width="5" height="5" className="bg" />
                  <line x1="1" y1="0" x2="1" y2="5" className={kind} strokeWidth="2" />
                </pattern>
              ))}
            </defs>
            {ticks.map((tick) => {
              const place = Math.round(above(tick)) + 0.5;
              return (
                <g key={tick}>
                  <line x1={FRAME.left} x2={width - FRAME.right} y1={place} y2={place} className="gr" />
                  <text x={FRAME.left - 8} y={place + 4} textAnchor="end">
                    {axisNumber(tick)}
                  </text>
                </g>
              );
            })}
            {bars.map((one, index) => {
              const place = left(index);
              const middle = place + bar / 2;
              const isGain = one.to >= one.from;
              const low = Math.round(y(Math.min(one.from, one.to)));
              const top = Math.min(Math.round(y(Math.max(one.from, one.to))), low - 2);
              const kind = one.isBalance ? "ko" : isGain ? "k1" : "k2";
              const fill = { ko: "fo", k1: "f1", k2: "f2" }[kind];
              const level = Math.round(y(one.to));
              const change = one.to - one.from;
              return (
                <g key={one.label}>
                  {one.isUnfinished ? (
                    <rect
                      x={place + 0.75}
                      width={bar - 1.5}
                      y={top + 0.75}
                      height={Math.max(low - top - 1.5, 1)}
                      fill={`url(#${hatch}${kind})`}
                      className={kind}
                      strokeWidth="1.5"
                    />
                  ) : (
                    <rect x={place} width={bar} y={top} height={low - top} className={fill} />
                  )}
                  {one.isBalance && isBroken && <Tear from={place - 3} to={place + bar + 3} at={base} />}
                  <text
                    x={middle}
                    y={one.isBalance || isGain ? top - 7 : low + 15}
                    className={one.isBalance ? "s b" : "s"}
                    textAnchor="middle"
                  >
                    {one.isBalance
                      ? shortAmount(one.to)
                      : change === 0
                        ? "0"
                        : `${isGain ? "▲ +" : "▼ "}${shortAmount(change)}`}
                  </text>
                  {index < bars.length - 1 && (
                    <line
                      x1={place + bar + 2}
                      x2={left(index + 1) - 2}
                      y1={level + 0.5}
                      y2={level + 0.5}
                      className="ax"
                      opacity="0.7"
                    />
                  )}
                  <text x={middle} y={HEIGHT - 18} className="m" textAnchor="middle">
                    {one.label}
                  </text>
                </g>
              );
            })}
            <line x1={FRAME.left} x2={width - FRAME.right} y1={base + 0.5} y2={base + 0.5} className="ax" />
            {isBroken && (
              <>
                <text x={FRAME.left - 8} y={base + 4} textAnchor="end">
                  0
                </text>
                <Tear from={FRAME.left - 4} to={FRAME.left + 4} at={base} />
              </>
            )}
          </svg>
        </div>
      </div>
    </Panel>
  );
};

/** Where the axis leaves values out: two slanted lines with ground between them. */
const Tear: FC<{ from: number; to: number; at: number }> = ({ from, to, at }) => {
  const middle = at - BREAK / 2;
  const line = (shift: number) => ({ x1: from, x2: to, y1: middle + shift + 4, y2: middle + shift - 4 });
  return (
    <g className="rv-tear">
      <line {...line(0)} className="gap" />
      <line {...line(-3)} className="ax" />
      <line {...line(3)} className="ax" />
    </g>
  );
};

/** Thousands from ten thousand on; the table has every digit. */
function shortAmount(value: number): string {
  if (Math.abs(value) >= 10_000) return axisNumber(Math.round(value / 100) * 100);
  return formatNumber(value, 0);
}
