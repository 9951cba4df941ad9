import { useMutation } from "@tanstack/react-query";
import { type FC, useEffect, useMemo, useState } from "react";
import type { SyncStatus } from "@/api/generated/SyncStatus";
import { settingsUpdate, syncRun } from "@/api/mutations";
import { Icon } from "@/components/icon";
import { PickList } from "@/components/pick-list";
import { PopoverButton } from "@/components/popup";
import { formatClock, formatDuration, formatSecond } from "@/lib/format";
import { useScope, useSession, useSetScope } from "@/lib/scope";
import { isOffline } from "@/lib/words";
import { zoneItems } from "@/lib/zones";

/** After this long without a cut the numbers count as old. */
const STALE_MS = 15 * 60_000;

/** This computer's time, on the minute: enough to notice that numbers grew old. */
export function useMinute(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 60_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** How old the last cut is by the server's clock. */
function age(status: SyncStatus, now: number): number {
  return status.as_of
    ? now + (status.clock_skew_ms ?? 0) - Date.parse(status.as_of)
    : Number.POSITIVE_INFINITY;
}

/** Zone of all times, and the moment all numbers were read at. */
export const AsOfSlot: FC<{ status: SyncStatus | undefined; isUnreadable: boolean }> = ({
  status,
  isUnreadable,
}) => {
  const { zone } = useScope();
  const setScope = useSetScope();
  const { settings } = useSession();
  const keep = useMutation(settingsUpdate());
  const run = useMutation(syncRun());
  const [isOpen, setIsOpen] = useState(false);
  const now = useMinute();
  const asOf = status?.as_of ?? null;
  const isUnreachable = status !== undefined && isOffline(status);
  const isStale = !!status && asOf !== null && age(status, now) > STALE_MS;
  const isReading =
    status?.phase === "connecting" || status?.phase === "loading" || status?.phase === "pulling";
  const unread = isUnreadable ? "copy not open" : "nothing read yet";
  const className = `asof${isUnreachable ? " off" : ""}${isStale ? " stale" : ""}`;
  return (
    <PopoverButton
      label="Time zone and freshness"
      className="zone"
      isOpen={isOpen}
      onOpenChange={setIsOpen}
      trigger={
        <button
          type="button"
          className={className}
          aria-label={`${zone}, ${asOf ? `as of ${formatClock(asOf, zone)}` : unread}. Change time zone`}
        >
          <Icon name={isUnreachable ? "unplug" : "clock"} />
          <span>
            <span className="hide-z">{zone} · </span>
            {asOf ? (
              <>
                as of <b>{formatClock(asOf, zone)}</b>
              </>
            ) : isReading ? (
              "reading for the first time"
            ) : (
              unread
            )}
          </span>
        </button>
      }
    >
      <div className="zone-h">
        <p>
          {asOf
            ? `Every number was read at ${formatSecond(asOf, zone)} by the server’s clock.`
            : isUnreadable
              ? "The local copy does not open, so its age is not known."
              : "No number was read from the server yet."}{" "}
          {isUnreachable && "The server cannot be reached right now."}
          {!isUnreachable && isStale && status && `That is ${formatDuration(age(status, now))} ago.`}
        </p>
        <button type="button" className="btn sm" onClick={() => run.mutate()} disabled={run.isPending}>
          <Icon name="sync" />
          {run.isPending ? "Syncing" : "Sync now"}
        </button>
      </div>
      <ZoneList
        zone={zone}
        onPick={(next) => {
          setScope({ zone: next });
          keep.mutate({ ...settings, zone: next });
          setIsOpen(false);
        }}
      />
    </PopoverButton>
  );
};

/** All zones with their offsets. Hundreds of formats are made for it, so only where it is open. */
const ZoneList: FC<{ zone: string; onPick: (zone: string) => void }> = ({ zone, onPick }) => {
  const items = useMemo(() => zoneItems(zone), [zone]);
  return (
    <PickList label="Time zone" placeholder="Search zones" items={items} selected={zone} onPick={onPick} />
  );
};
