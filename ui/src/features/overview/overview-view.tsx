import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type FC, useLayoutEffect } from "react";
import { overviewOptions, recentAuditOptions, syncStatusOptions } from "@/api/queries";
import { FirstRead } from "@/components/first-read";
import { Icon } from "@/components/icon";
import { PageHead } from "@/components/page-head";
import { QueryPanel } from "@/components/query-panel";
import { shellWord } from "@/lib/actions";
import { copyText } from "@/lib/clipboard";
import { afterFrame } from "@/lib/frame";
import { later } from "@/lib/later";
import { notify } from "@/lib/notices";
import { useScope, useWorkspace } from "@/lib/scope";
import { platform } from "@/platform/current";
import { Cards, CardsLoading } from "./cards";
import { cardLabel, titleLine } from "./model";
import { OverviewReport } from "./overview-export";

// Whoever opens the window sees its numbers sooner.
const Panels = later(async () => (await import("./panels")).Panels);
const NewestSteps = later(async () => (await import("./panels")).NewestSteps);

let isTold = false;

/** Tells the program around the interface, once for each start, that numbers are on screen. */
function tellFirstNumbers(): void {
  if (isTold) return;
  isTold = true;
  afterFrame(() => platform().onFirstNumbers());
}

/** Is anything wrong, and how are we doing? */
export const OverviewView: FC = () => {
  const scope = useScope();
  const workspace = useWorkspace();
  const query = useQuery({ ...overviewOptions(workspace.id, scope), placeholderData: keepPreviousData });
  // Asked beside the numbers, not after them: what the panels show arrives with the first drawing.
  const status = useQuery(syncStatusOptions(workspace.id));
  const changes = useQuery(recentAuditOptions(workspace.id));
  const overview = query.data;
  const isRead = overview !== undefined && overview.freshness.as_of !== null;
  useLayoutEffect(() => {
    if (isRead) tellFirstNumbers();
  }, [isRead]);
  const copy = async (text: string, title: string) => {
    await copyText(text);
    notify({ tone: "ok", title, text });
  };
  const command = `steward overview --range ${shellWord(scope.range)} --tz ${shellWord(scope.zone)} -w ${shellWord(workspace.name)}`;
  return (
    <div className="wrap">
      <PageHead
        title="Overview"
        note={isRead ? titleLine(overview) : ""}
        method={
          isRead && (
            <dl className="defs">
              {overview.cards.map((card) => (
                <div key={card.metric}>
                  <dt>{cardLabel(card.metric)}</dt>
                  <dd>{card.definition}</dd>
                </div>
              ))}
            </dl>
          )
        }
        actions={
          <>
            <button type="button" className="btn" onClick={() => void copy(location.href, "Link copied")}>
              <Icon name="copy" />
              Copy link
            </button>
            <button type="button" className="btn" onClick={() => void copy(command, "Command copied")}>
              <Icon name="code" />
              Copy as command
            </button>
            {isRead && <OverviewReport overview={overview} compare={scope.compare} />}
          </>
        }
      />
      {isRead ? (
        <div className={query.isPlaceholderData ? "dimmed" : ""}>
          <Cards overview={overview} />
          <Panels overview={overview} status={status} changes={changes} />
        </div>
      ) : overview ? (
        <>
          <NewestSteps overview={overview} />
          <FirstRead query={status} />
        </>
      ) : (
        <>
          {query.isPending && <CardsLoading />}
          <QueryPanel
            query={query}
            title={query.isPending ? "Events per day" : "Overview"}
            className="r1"
            waiting="Counting events"
            rows={8}
            failure="The numbers could not be read"
          >
            {() => null}
          </QueryPanel>
        </>
      )}
    </div>
  );
};
