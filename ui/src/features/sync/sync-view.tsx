import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FC, type ReactNode, useEffect, useState } from "react";
import type { SyncStatus } from "@/api/generated/SyncStatus";
import type { VerifyLevel } from "@/api/generated/VerifyLevel";
import type { VerifyRes } from "@/api/generated/VerifyRes";
import { syncPause, syncRun, syncVerify } from "@/api/mutations";
import { syncStatusOptions } from "@/api/queries";
import { EnterPassword } from "@/components/enter-password";
import { Glyph, Icon } from "@/components/icon";
import { PageHead } from "@/components/page-head";
import { MenuButton, MenuItem } from "@/components/popup";
import { Failure, Loading } from "@/components/states";
import { countOf, formatClock, formatDuration, formatNumber, sizeParts } from "@/lib/format";
import { useScope, useWorkspace } from "@/lib/scope";
import { isUnusableCopy, needsPassword } from "@/lib/words";
import { Comparisons } from "./comparisons";
import { DatasetDetails } from "./dataset-details";
import { DatasetTable } from "./dataset-table";
import { DriftJournal } from "./drift-journal";
import { Kept } from "./kept";
import { consistentCount, driftTile, LEVELS, lagParts, rowTiles, type SyncTile, syncLine } from "./model";
import { RebuildBeside } from "./rebuild";

/** How fresh is each number? */
export const SyncView: FC = () => {
  const workspace = useWorkspace();
  const { zone } = useScope();
  const query = useQuery(syncStatusOptions(workspace.id));
  const run = useMutation(syncRun());
  const pause = useMutation(syncPause());
  const verify = useMutation(syncVerify());
  const status = query.data;
  const isPaused = status?.phase === "paused";
  return (
    <div className="wrap">
      <PageHead
        title="Sync"
        note={status ? syncLine(status, zone) : ""}
        actions={
          <>
            <button
              type="button"
              className="btn"
              disabled={!status || pause.isPending}
              onClick={() => pause.mutate(!isPaused)}
            >
              <Icon name={isPaused ? "play" : "pause"} />
              {isPaused ? "Resume" : "Pause"}
            </button>
            <VerifyButton
              isDisabled={!status || verify.isPending}
              isBusy={verify.isPending}
              onVerify={(level) => verify.mutate(level)}
            />
            <button
              type="button"
              className="btn pri"
              disabled={!status || run.isPending}
              onClick={() => run.mutate()}
            >
              <Icon name="sync" />
              {run.isPending ? "Syncing" : "Sync now"}
            </button>
          </>
        }
      />
      {query.isPending ? (
        <Loading what="Reading the state of the copy" rows={10} />
      ) : query.isError && !status ? (
        <Failure
          title="The state of the copy could not be read"
          error={query.error}
          onRetry={() => void query.refetch()}
        />
      ) : (
        status && <Body status={status} zone={zone} verified={verify.data} />
      )}
    </div>
  );
};

const Body: FC<{ status: SyncStatus; zone: string; verified: VerifyRes | undefined }> = ({
  status,
  zone,
  verified,
}) => {
  const search = useSearch({ from: "/shell/sync" });
  const navigate = useNavigate();
  const open = (dataset: string | undefined) =>
    void navigate({ to: "/sync", replace: true, search: (before) => ({ ...before, dataset }) });
  // Without a choice the details show what needs a look, or the events: the one dataset that grows.
  const shown =
    status.datasets.find((row) => row.dataset === search.dataset) ??
    status.datasets.find((row) => row.state.state !== "consistent") ??
    status.datasets.at(-1);
  const isClosed = search.dataset === "none";
  return (
    <>
      <Tiles status={status} zone={zone} />
      {verified && <VerifyResult result={verified} zone={zone} />}
      {status.last_error && (
        <div className="panel lone">
          <Failure
            title="The last look at the server failed"
            error={status.last_error}
            actions={<WayOn status={status} />}
          />
        </div>
      )}
      <div className={isClosed ? "sy is-wide" : "sy"}>
        <div className="l">
          <DatasetTable
            status={status}
            zone={zone}
            shown={isClosed ? undefined : shown?.dataset}
            onShow={open}
          />
          <DriftJournal status={status} zone={zone} />
          <Comparisons status={status} zone={zone} />
          <Kept status={status} />
        </div>
        {!isClosed && shown && (
          <DatasetDetails row={shown} status={status} zone={zone} onClose={() => open("none")} />
        )}
      </div>
    </>
  );
};

/** What a person can do about a failure here, and not elsewhere. */
const WayOn: FC<{ status: SyncStatus }> = ({ status }) => {
  const workspace = useWorkspace();
  const code = status.last_error?.code;
  if (!code) return null;
  if (needsPassword(code))
    return (
      <EnterPassword workspace={workspace} className="btn pri">
        Enter password…
      </EnterPassword>
    );
  return isUnusableCopy(code) ? (
    <RebuildBeside server={status.server} login={status.login} className="btn pri" />
  ) : null;
};

/** Which comparison: the thorough one is first, as it is the one people mean. */
const VerifyButton: FC<{
  isDisabled: boolean;
  isBusy: boolean;
  onVerify: (level: VerifyLevel) => void;
}> = ({ isDisabled, isBusy, onVerify }) => (
  <MenuButton
    trigger={
      <button type="button" className="btn" disabled={isDisabled}>
        <Icon name="check" />
        {isBusy ? "Comparing" : "Verify"}
        <Icon name="down" />
      </button>
    }
  >
    {(["full", "scrub", "daily"] as const).map((level) => (
      <MenuItem key={level} onClick={() => onVerify(level)}>
        <span className="mi-t two">
          <b>{LEVELS[level].name}</b>
          <span className="ws2">{LEVELS[level].wish}</span>
        </span>
      </MenuItem>
    ))}
  </MenuButton>
);

/** Age of the cut by the server's clock, refreshed while it is on screen. */
function useLag(status: SyncStatus): number | null {
  const [now, setNow] = useState(Date.now);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new status is a new moment to measure from
  useEffect(() => {
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 5000);
    return () => clearInterval(timer);
  }, [status]);
  return status.as_of ? Math.max(0, now + (status.clock_skew_ms ?? 0) - Date.parse(status.as_of)) : null;
}

const Tiles: FC<{ status: SyncStatus; zone: string }> = ({ status }) => {
  const lag = useLag(status);
  const disk = sizeParts(status.disk_bytes);
  const { here, rate } = rowTiles(status);
  const consistent = consistentCount(status);
  const tiles: SyncTile[] = [
    {
      label: "Consistent",
      figure: String(consistent),
      unit: ` of ${status.datasets.length}`,
      note: status.is_consistent ? "all at the same moment" : "the rest keeps its last state",
    },
    { label: "Lag", ...lagParts(lag), note: "server clock minus as of" },
    rate,
    here,
    driftTile(status.drift),
    { label: "Local store", figure: disk.figure, unit: ` ${disk.unit}`, note: "encrypted on this computer" },
  ];
  return (
    <section className="kpis" aria-label="Key numbers">
      {tiles.map((tile) => (
        <div key={tile.label} className="kpi">
          <span className="l">{tile.label}</span>
          <div className="v">
            {tile.figure}
            {tile.unit && <small>{tile.unit}</small>}
          </div>
          <div className="d">{tile.note}</div>
        </div>
      ))}
    </section>
  );
};

function verdictTitle(result: VerifyRes): string {
  if (result.damage.length > 0) return "The file of the copy is damaged: rebuild it";
  if (result.level === "daily") return result.is_clean ? "The copy is sound" : "The copy was not sound";
  return result.is_clean ? "Copy and server are equal" : "Copy and server differed";
}

const VerifyResult: FC<{ result: VerifyRes; zone: string }> = ({ result, zone }) => {
  const total = (pick: (row: VerifyRes["datasets"][number]) => number) =>
    formatNumber(result.datasets.reduce((sum, row) => sum + pick(row), 0));
  const tone = result.is_clean ? "ok" : "danger";
  const whole = result.level === "daily" ? "agree with each other" : "are equal to the server";
  const sums = result.rollup_buckets > 0 ? ` and ${formatNumber(result.rollup_buckets)} sums` : "";
  const line: ReactNode = result.damage[0]
    ? result.damage[0]
    : result.is_clean
      ? `${total((row) => row.local_rows)} rows${sums} ${whole} as of ${formatClock(result.as_of, zone)}.`
      : `${total((row) => row.missing)} rows missing, ${total((row) => row.extra)} extra, ${total((row) => row.different)} different; ${countOf(result.rollup_differences, "sum")} off. All of it was read again and journalled.`;
  return (
    <div className={`verdict ${tone}`} role="status">
      <Glyph tone={tone} />
      <b>{verdictTitle(result)}</b>
      <span className="t2">{line}</span>
      <span className="t3">{formatDuration(result.elapsed_ms)}</span>
    </div>
  );
};
