import type { FC } from "react";
import type { DatasetStatus } from "@/api/generated/DatasetStatus";
import type { SyncStatus } from "@/api/generated/SyncStatus";
import { formatMinute, formatNumber } from "@/lib/format";
import { chunkAge, mapText } from "./model";

const AGES = [
  ["hour", "last hour"],
  ["day", "last day"],
  ["week", "last week"],
  ["old", "earlier"],
  ["never", "not yet"],
] as const;

/** The dataset's rows in their order: when each part was last compared. */
export const ChunkMap: FC<{ row: DatasetStatus; status: SyncStatus; zone: string }> = ({
  row,
  status,
  zone,
}) => {
  const text = mapText(row, zone);
  const present = AGES.filter(([age]) => row.chunks.some((chunk) => chunkAge(chunk, status.as_of) === age));
  const hasDrift = row.chunks.some((chunk) => chunk.drift_at !== null);
  return (
    <div className="cm">
      <h3>
        Compared <span>{row.dataset === "usage_events" ? "newest rows first" : "in the order of keys"}</span>
      </h3>
      {row.chunks.length > 0 && (
        <div className="cm-strip" role="img" aria-label={text}>
          {row.chunks.map((chunk, index) => {
            const share = (part: number) => formatNumber((part * 100) / row.chunks.length);
            const when = chunk.checked_at ? formatMinute(chunk.checked_at, zone) : "not yet";
            const from = chunk.from ? `, events from ${formatMinute(chunk.from, zone)}` : "";
            return (
              <i
                // biome-ignore lint/suspicious/noArrayIndexKey: a part is its place in the order
                key={index}
                className={`${chunkAge(chunk, status.as_of)}${chunk.drift_at ? " drift" : ""}`}
                title={`${share(index)} to ${share(index + 1)} % of the rows${from}: ${when}`}
              />
            );
          })}
        </div>
      )}
      <p className="cm-t">{text}</p>
      {(present.length > 1 || hasDrift) && (
        <ul className="cm-key" aria-hidden="true">
          {present.map(([age, word]) => (
            <li key={age}>
              <i className={age} />
              {word}
            </li>
          ))}
          {hasDrift && (
            <li>
              <i className="drift" />
              had a difference
            </li>
          )}
        </ul>
      )}
    </div>
  );
};
