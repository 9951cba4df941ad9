import type { ChunkCheck } from "@/api/generated/ChunkCheck";
import type { DatasetStatus } from "@/api/generated/DatasetStatus";
import type { DriftRow } from "@/api/generated/DriftRow";
import type { SyncPhase } from "@/api/generated/SyncPhase";
import type { SyncStatus } from "@/api/generated/SyncStatus";
import type { VerifyLevel } from "@/api/generated/VerifyLevel";
import type { Tone } from "@/components/icon";
import {
  compactParts,
  countOf,
  formatClock,
  formatDay,
  formatMinute,
  formatNumber,
  formatShortDay,
} from "@/lib/format";

/** The line beside the title. */
export function syncLine(status: SyncStatus, zone: string): string {
  const count = status.datasets.length;
  const consistent = consistentCount(status);
  const blocked = status.datasets.filter((row) => row.state.state === "blocked").length;
  const asOf = status.as_of ? ` as of ${formatClock(status.as_of, zone)}` : "";
  const first =
    consistent === count
      ? `All ${count} datasets are consistent${asOf}.`
      : `${consistent} of ${count} datasets are consistent${asOf}.`;
  return blocked > 0 ? `${first} ${blocked} ${blocked === 1 ? "is" : "are"} blocked.` : first;
}

/** How many datasets equal the server. */
export function consistentCount(status: SyncStatus): number {
  return status.datasets.filter((row) => row.state.state === "consistent").length;
}

/** What the engine does, in words. */
export function phaseText(phase: SyncPhase): { tone: Tone; word: string } {
  return {
    idle: { tone: "ok" as const, word: "Waiting for the next look" },
    connecting: { tone: "info" as const, word: "Connecting" },
    loading: { tone: "info" as const, word: "First load" },
    pulling: { tone: "info" as const, word: "Reading changes" },
    verifying: { tone: "info" as const, word: "Comparing every row" },
    paused: { tone: "neutral" as const, word: "Paused" },
    retrying: { tone: "warning" as const, word: "Trying again" },
    stopped: { tone: "danger" as const, word: "Stopped" },
  }[phase];
}

/** A tile of the strip. */
export interface SyncTile {
  label: string;
  figure: string;
  unit: string;
  note: string;
}

/** Rows and sums that the journal knows were wrong. */
export function driftRows(drift: readonly DriftRow[]): { rows: number; sums: number } {
  return {
    rows: drift.reduce((sum, row) => sum + row.missing + row.extra + row.different, 0),
    sums: drift.reduce((sum, row) => sum + row.sums, 0),
  };
}

/** What a comparison is called. */
export const LEVELS: Record<VerifyLevel, { name: string; story: string; wish: string }> = {
  scrub: {
    name: "Scrub",
    story: "some rows with every look, by hash sums inside the cut",
    wish: "every row by hash sums, range by range; reads only what differs",
  },
  daily: {
    name: "Daily check",
    story: "the file, the counts and every sum, without the server",
    wish: "the file, the counts and every sum of this copy",
  },
  full: {
    name: "Full comparison",
    story: "every row and every sum, inside one cut",
    wish: "reads every row and every sum of the server, inside one cut",
  },
};

/** The moment since which every row of a dataset was compared: by the scrub, or in full, whichever is later. */
export function comparedAt(row: DatasetStatus): string | null {
  const moments = [row.checked_since, row.verified_at].filter((at) => at !== null);
  return moments.reduce<string | null>(
    (latest, at) => (latest === null || Date.parse(at) > Date.parse(latest) ? at : latest),
    null,
  );
}

/** How old a part of the map is: never, or one of four ages. */
export function chunkAge(chunk: ChunkCheck, asOf: string | null): "never" | "hour" | "day" | "week" | "old" {
  if (chunk.checked_at === null || asOf === null) return "never";
  const hours = (Date.parse(asOf) - Date.parse(chunk.checked_at)) / 3_600_000;
  if (hours < 1) return "hour";
  if (hours < 24) return "day";
  return hours < 7 * 24 ? "week" : "old";
}

/** The map in a sentence, for those who do not see it and for those who do. */
export function mapText(row: DatasetStatus, zone: string): string {
  const count = row.chunks.length;
  if (row.rows === 0) return "There is no row to compare.";
  const never = row.chunks.filter((chunk) => chunk.checked_at === null).length;
  if (count === 0 || never === count) return "No part was compared yet; its turn comes.";
  const drifted = row.chunks.filter((chunk) => chunk.drift_at !== null).length;
  const first =
    row.checked_since !== null
      ? `Every row was compared since ${formatMinute(row.checked_since, zone)}.`
      : `${count - never} of ${countOf(count, "part")} compared so far.`;
  return drifted > 0 ? `${first} ${countOf(drifted, "part")} had a difference, now repaired.` : first;
}

const sum = (rows: readonly DatasetStatus[], pick: (row: DatasetStatus) => number) =>
  rows.reduce((total, row) => total + pick(row), 0);

/** Rows here and on the server. */
export function rowTiles(status: SyncStatus): { here: SyncTile; rate: SyncTile } {
  const here = compactParts(sum(status.datasets, (row) => row.rows));
  const server = compactParts(sum(status.datasets, (row) => row.server_rows_estimate ?? row.rows));
  const running = status.datasets.filter((row) => (row.rows_per_second ?? 0) > 0);
  const rate = sum(running, (row) => row.rows_per_second ?? 0);
  return {
    here: {
      label: "Rows here",
      figure: here.figure,
      unit: here.size,
      // The server only estimates its rows; once both are equal there is nothing to estimate.
      note: status.is_consistent
        ? "all that the server has"
        : `of about ${server.figure}${server.size} on the server`,
    },
    rate: {
      label: "Rows per second",
      figure: running.length > 0 ? formatNumber(rate) : "0",
      unit: "",
      note:
        running.length > 0
          ? running.map((row) => row.label.toLowerCase()).join(", ")
          : "nothing is being read",
    },
  };
}

/** The drift tile. */
export function driftTile(drift: readonly DriftRow[]): SyncTile {
  const { rows, sums } = driftRows(drift);
  const repaired = drift.filter((row) => row.is_repaired).length;
  return {
    label: "Drift found",
    figure: formatNumber(rows > 0 ? rows : sums),
    unit: rows === 0 && sums > 0 ? (sums === 1 ? " sum" : " sums") : rows === 1 ? " row" : " rows",
    note:
      drift.length === 0
        ? "every check was clean"
        : `${repaired} of ${countOf(drift.length, "case")} repaired`,
  };
}

/** An age for the tile: the unit apart, and never more than one of them. */
export function lagParts(milliseconds: number | null): { figure: string; unit: string } {
  if (milliseconds === null) return { figure: "–", unit: "" };
  const seconds = milliseconds / 1000;
  if (seconds < 100) return { figure: formatNumber(seconds, seconds < 10 ? 1 : 0), unit: " s" };
  if (seconds < 100 * 60) return { figure: formatNumber(seconds / 60), unit: " min" };
  if (seconds < 48 * 3600) return { figure: formatNumber(seconds / 3600, 1), unit: " h" };
  return { figure: formatNumber(seconds / 86_400, 1), unit: " d" };
}

/** When it was verified, short: the time today, the day before that. */
export function verifiedText(at: string, asOf: string | null, zone: string): string {
  const day = formatDay(at, zone);
  return asOf !== null && formatDay(asOf, zone) === day
    ? formatClock(at, zone).slice(0, 5)
    : formatShortDay(day);
}

/** The state in words; a moment is written in the zone of the window, like every other time. */
export function stateText(row: DatasetStatus, zone: string): string {
  return row.state.state === "consistent"
    ? `Consistent as of ${formatClock(row.state.as_of, zone)}`
    : row.words;
}

/** A whole number as people type it; null for nothing, undefined for what is no number. */
export function typedNumber(text: string): number | null | undefined {
  const digits = text.replace(/[\s.,'’_\u202f\u00a0]/g, "");
  if (digits === "") return null;
  return /^\d{1,15}$/.test(digits) ? Number(digits) : undefined;
}
