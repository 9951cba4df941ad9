import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { FC } from "react";
import type { TimelineEntry } from "@/api/generated/TimelineEntry";
import type { TimelineTopic } from "@/api/generated/TimelineTopic";
import { timelinePagesOptions } from "@/api/queries";
import { Choice } from "@/components/choice";
import { Glyph } from "@/components/icon";
import { Panel } from "@/components/panel";
import { MethodNote } from "@/components/popup";
import { Empty, Failure, Loading } from "@/components/states";
import { formatDay, formatMinute, formatNumber, formatShortDay } from "@/lib/format";
import { useWorkspace } from "@/lib/scope";
import { timelineTone } from "./model";

const TOPICS: { value: TimelineTopic; label: string }[] = [
  { value: "all", label: "Everything" },
  { value: "plan", label: "Plan and subscriptions" },
  { value: "limits", label: "Limits" },
  { value: "changes", label: "Changes by people" },
];

/** What happened, newest first; short beside the summary, whole in a tab of its own. */
export const TimelinePanel: FC<{
  user: string;
  asOf: string | null;
  zone: string;
  topic: TimelineTopic;
  onTopic: (topic: TimelineTopic) => void;
  /** Entries shown before "Show more". */
  limit: number;
  className?: string;
  isWhole?: boolean;
}> = ({ user, asOf, zone, topic, onTopic, limit, className, isWhole }) => {
  const workspace = useWorkspace();
  const query = useInfiniteQuery(
    timelinePagesOptions(workspace.id, { user, zone, topic, after: null, limit }),
  );
  const rows = query.data?.pages.flatMap((page) => page.rows) ?? [];
  const total = query.data?.pages[0]?.total ?? 0;
  const hitsSince = query.data?.pages[0]?.hits_since;
  return (
    <Panel
      title="Timeline"
      note={query.data ? `${formatNumber(rows.length)} of ${formatNumber(total)} · ${zone}` : zone}
      {...(className ? { className } : {})}
      actions={
        <>
          <Choice
            label="Shown"
            className="sm gh"
            value={topic}
            options={TOPICS}
            onChange={(next) => onTopic(next as TimelineTopic)}
          />
          <MethodNote title="Timeline">
            <p>
              Sign-up, subscriptions, raises and every audited change of the account, as far back as the copy
              knows. Refused requests are those since{" "}
              {hitsSince ? formatMinute(hitsSince, zone) : "30 days ago"}, one entry a day; older ones are
              among the events, as long as rows of them are kept.
            </p>
          </MethodNote>
        </>
      }
    >
      {query.isPending ? (
        <Loading what="Reading what happened" rows={5} />
      ) : query.isError && rows.length === 0 ? (
        <Failure error={query.error} onRetry={() => void query.refetch()} />
      ) : rows.length === 0 ? (
        <Empty
          title="Nothing of this kind"
          actions={
            <button type="button" className="btn" onClick={() => onTopic("all")}>
              Show everything
            </button>
          }
        />
      ) : (
        <>
          <ol className="tl tm">
            {rows.map((entry) => (
              <Entry key={entry.key} entry={entry} asOf={asOf} zone={zone} isWhole={isWhole ?? false} />
            ))}
          </ol>
          <div className="tl-f">
            {query.hasNextPage && (
              <button
                type="button"
                className="btn sm"
                disabled={query.isFetchingNextPage}
                onClick={() => void query.fetchNextPage()}
              >
                Show more
              </button>
            )}
            <Link to="/audit" search={(before) => ({ ...before, key: user })} className="link">
              Open audit log
            </Link>
          </div>
        </>
      )}
    </Panel>
  );
};

const Entry: FC<{ entry: TimelineEntry; asOf: string | null; zone: string; isWhole: boolean }> = ({
  entry,
  asOf,
  zone,
  isWhole,
}) => {
  const minute = formatMinute(entry.at, zone);
  const day = minute.slice(0, 10);
  const today = asOf ? formatDay(asOf, zone) : "";
  // The year is said where it is not this one.
  const when = isWhole
    ? minute
    : day === today
      ? minute.slice(11)
      : day.slice(0, 4) === today.slice(0, 4)
        ? formatShortDay(day)
        : day;
  const more = [entry.detail, entry.who ? `by ${entry.who}` : "", entry.reason ? `“${entry.reason}”` : ""]
    .filter(Boolean)
    .join(" · ");
  return (
    <li>
      <span className={`st ${timelineTone(entry.kind)}`}>
        <Glyph tone={timelineTone(entry.kind)} />
      </span>
      <span className="a">{entry.title}</span>
      <time className="w" dateTime={entry.at} title={minute}>
        {when}
      </time>
      {more && <span className="b">{more}</span>}
    </li>
  );
};
