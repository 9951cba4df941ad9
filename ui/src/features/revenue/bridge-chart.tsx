import { scaleBand, scaleLinear } from "@visx/scale";
import { type FC, useId, useRef } from "react";
import type { Revenue } from "@/api/generated/Revenue";
import { Panel } from "@/components/panel";
import { MethodNote } from "@/components/popup";
import { axisNumber, formatClock } from "@/lib/format";
import { formatMinor, formatMinorSigned } from "@/lib/money";
import { useWidth } from "@/lib/width";
import { bridgeTicks, movementLines } from "./model";
import { RevenueExport } from "./revenue-export";

const HEIGHT = 256;
const FRAME = { left: 48, right: 8, top: 24, bottom: 40 };

/** From the balance of the month's start to that of its end; the table beside it says the same in numbers. */
export const BridgeChart: FC<{ revenue: Revenue; className?: string }> = ({ revenue, className }) => {
  const ref = useRef<HTMLDivElement>(null);
  const width = useWidth(ref, 640);
  const hatch = useId();
  const now = revenue.months.at(-1);
  if (!now) return null;
  const lines = movementLines(now, undefined);
  const scale = 10 ** revenue.exponent;
  let running = 0;
  const bars = lines.map((line) => {
    const from = line.isBalance ? 0 : running;
    running = line.isBalance ? line.minor : running + line.minor;
    return { ...line, from: from / scale, to: running / scale };
  });
  const levels = bars.flatMap((bar) => (bar.isBalance ? [bar.to] : [bar.from, bar.to]));
  const ticks = bridgeTicks(Math.min(...levels), Math.max(...levels));
  const x = scaleBand<string>({
    domain: bars.map((bar) => bar.key),
    range: [FRAME.left, width - FRAME.right],
  });
  const y = scaleLinear<number>({
    domain: [ticks[0] ?? 0, ticks.at(-1) ?? 1],
    range: [HEIGHT - FRAME.bottom, FRAME.top],
  });
  const step = x.bandwidth();
  const bar = Math.min(56, Math.floor(step - 16));
  const left = (key: string) => Math.round((x(key) ?? 0) + (step - bar) / 2);
  const isOpen = now.is_unfinished;
  const label = bars
    .map((one) => `${one.label} ${formatMinorSigned(one.minor, revenue.exponent)}`)
    .join(", ");
  return (
    <Panel
      title="MRR bridge"
      note={`${isOpen ? `to ${formatClock(revenue.period.end, revenue.zone).slice(0, 5)}` : "whole month"} · ${now.currency}`}
      {...(className ? { className } : {})}
      actions={
        <>
          <RevenueExport rows="/months" name="MRR by month" />
          <MethodNote title="MRR bridge">
            <p>
              The balance when the month began, what came and went, net per customer, and the balance at its
              end. Start and all five movements are the end, to the cent. The axis does not begin at 0: the
              length of a bar is its amount, the place of a balance is not.
            </p>
          </MethodNote>
        </>
      }
    >
      <div className="pb">
        <div className="ch" ref={ref} role="img" aria-label={`MRR bridge in ${now.currency}. ${label}.`}>
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
              const place = Math.round(y(tick)) + 0.5;
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
              const place = left(one.key);
              const middle = place + bar / 2;
              const isGain = one.to >= one.from;
              const top = Math.round(y(Math.max(one.from, one.to)));
              const bottom = Math.round(y(Math.min(one.from, one.to)));
              const kind = one.isBalance ? "ko" : isGain ? "k1" : "k2";
              const level = Math.round(y(one.to));
              const next = bars[index + 1];
              const isHatched = isOpen && one.key !== "start";
              const fill = { ko: "fo", k1: "f1", k2: "f2" }[kind];
              const box = one.isBalance
                ? { y: level - 3, height: 6 }
                : { y: top, height: Math.max(bottom - top, 2) };
              return (
                <g key={one.key}>
                  {isHatched ? (
                    <rect
                      x={place + 0.75}
                      width={bar - 1.5}
                      y={box.y + 0.75}
                      height={Math.max(box.height - 1.5, 1)}
                      fill={`url(#${hatch}${kind})`}
                      className={kind}
                      strokeWidth="1.5"
                    />
                  ) : (
                    <rect x={place} width={bar} {...box} className={fill} />
                  )}
                  <text
                    x={middle}
                    y={one.isBalance || isGain ? box.y - 7 : bottom + 15}
                    className={one.isBalance ? "s b" : "s"}
                    textAnchor="middle"
                  >
                    {one.isBalance
                      ? shortMinor(one.minor, revenue.exponent)
                      : one.minor === 0
                        ? "0"
                        : `${isGain ? "▲ +" : "▼ "}${shortMinor(one.minor, revenue.exponent)}`}
                  </text>
                  {next && (
                    <line
                      x1={place + bar + 2}
                      x2={left(next.key) - 2}
                      y1={level + 0.5}
                      y2={level + 0.5}
                      className="ax"
                      opacity="0.7"
                    />
                  )}
                  <text x={middle} y={HEIGHT - 18} className="m" textAnchor="middle">
                    {one.key === "start" ? "Start" : one.key === "end" ? (isOpen ? "Now" : "End") : one.label}
                  </text>
                </g>
              );
            })}
            <line
              x1={FRAME.left}
              x2={width - FRAME.right}
              y1={HEIGHT - FRAME.bottom + 0.5}
              y2={HEIGHT - FRAME.bottom + 0.5}
              className="ax"
            />
          </svg>
        </div>
      </div>
    </Panel>
  );
};

/** Thousands from ten thousand on; the table has every digit. */
function shortMinor(minor: number, exponent: number): string {
  const value = minor / 10 ** exponent;
  if (Math.abs(value) >= 10_000) return axisNumber(Math.round(value / 100) * 100);
  return formatMinor(Math.round(value), 0);
}
