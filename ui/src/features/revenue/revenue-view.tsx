import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FC, useCallback, useMemo } from "react";
import type { Movement } from "@/api/generated/Movement";
import { revenueOptions } from "@/api/queries";
import { Choice } from "@/components/choice";
import { Icon } from "@/components/icon";
import { KpisLoading } from "@/components/kpi";
import { PageHead } from "@/components/page-head";
import { QueryPanel } from "@/components/query-panel";
import { Segmented } from "@/components/segmented";
import { copyText } from "@/lib/clipboard";
import { monthChoices } from "@/lib/money";
import { notify } from "@/lib/notices";
import { useScope, useWorkspace } from "@/lib/scope";
import { BridgeChart } from "./bridge-chart";
import { ClosePanel } from "./close-panel";
import { CohortPanel } from "./cohort-panel";
import { CurrenciesPanel, TrialsPanel } from "./currencies-panel";
import { DifferencesPanel } from "./differences-panel";
import { RevenueKpis } from "./kpis";
import { profileWords, revenueCommand, revenueRequest, titleLine } from "./model";
import { MonthsPanel } from "./months-panel";
import { MovementsPanel } from "./movements-panel";
import { MoversDrawer } from "./movers-drawer";
import { AskedProvider, RevenueExport, RevenueReport } from "./revenue-export";
import type { RevenueSearch } from "./search";
import { SplitPanel } from "./split-panel";
import "./revenue.css";

const LOADING = ["MRR", "Committed MRR", "ARR", "NRR, 12 months", "GRR, 12 months", "Quick ratio"];

/** What recurs, what moved it, what is kept, and why others count otherwise. */
export const RevenueView: FC = () => {
  const search = useSearch({ from: "/shell/revenue" });
  const { zone } = useScope();
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const request = useMemo(() => revenueRequest(search, zone), [search, zone]);
  const query = useQuery({ ...revenueOptions(workspace.id, request), placeholderData: keepPreviousData });
  const revenue = query.data;
  const place = useCallback(
    (change: Partial<RevenueSearch>) =>
      void navigate({ to: "/revenue", replace: true, search: (before) => ({ ...before, ...change }) }),
    [navigate],
  );
  const close = useCallback(() => place({ movers: undefined, on: undefined }), [place]);
  const copy = async (text: string, title: string) => {
    await copyText(text);
    notify({ tone: "ok", title, text });
  };
  const profile = search.profile ?? "stripe";
  const against = [search.against ?? "profitwell", "stripe", "chartmogul"].find((name) => name !== profile);
  const now = revenue?.freshness.as_of ?? new Date().toISOString();
  const currency = revenue?.currency;
  return (
    <div className="full rv-full">
      <div className="rv-scroller">
        <div className="wrap rv">
          <PageHead
            title="Revenue"
            note={revenue && titleLine(revenue)}
            method={
              revenue && (
                <>
                  <p>
                    Definition <b>{revenue.profile.name}</b>: {profileWords(revenue.profile)}
                  </p>
                  <dl className="defs">
                    {revenue.figures.map((figure) => (
                      <div key={figure.metric}>
                        <dt>{figure.label}</dt>
                        <dd>{figure.definition}</dd>
                      </div>
                    ))}
                  </dl>
                </>
              )
            }
            actions={
              <>
                <Choice
                  label="Month"
                  value={revenue?.month ?? ""}
                  placeholder="Month"
                  options={monthChoices(now, zone, revenue?.month)}
                  onChange={(month) => place({ month })}
                />
                {currency && (
                  <Choice
                    label="Currency"
                    value={currency}
                    options={revenue.currencies.map((row) => ({ value: row.currency, label: row.currency }))}
                    onChange={(next) => place({ currency: next })}
                  />
                )}
                <Segmented
                  label="Definition"
                  value={profile}
                  options={["stripe", "chartmogul", "profitwell"].map((value) => ({ value, label: value }))}
                  onChange={(next) => place({ profile: next as RevenueSearch["profile"] })}
                />
                <button
                  type="button"
                  className="btn hide-n"
                  onClick={() => void copy(revenueCommand(request, workspace.name), "Command copied")}
                >
                  <Icon name="code" />
                  Copy as command
                </button>
                <AskedProvider value={request}>
                  <RevenueExport rows="/figures" name="Revenue" isIcon={false} />
                </AskedProvider>
                {revenue && <RevenueReport revenue={revenue} />}
              </>
            }
          />
          {!revenue ? (
            <>
              {query.isPending && <KpisLoading labels={LOADING} />}
              <QueryPanel
                query={query}
                title={query.isPending ? "MRR bridge" : "Revenue"}
                className="r1"
                waiting="Valuing the subscriptions"
                rows={8}
                failure="The revenue could not be read"
              >
                {() => null}
              </QueryPanel>
            </>
          ) : !currency ? (
            <div className="state">
              <span className="h">Nobody pays yet</span>
              <p>Revenue is computed from the subscriptions; there is none that was ever worth anything.</p>
            </div>
          ) : (
            <AskedProvider value={request}>
              <div className={query.isPlaceholderData ? "dimmed" : ""}>
                <RevenueKpis revenue={revenue} onOpen={(movers) => place({ movers, on: undefined })} />
                <div className="grid">
                  <BridgeChart revenue={revenue} className="c7" />
                  <MovementsPanel
                    revenue={revenue}
                    opened={search.movers}
                    onOpen={(movers) => place({ movers, on: undefined })}
                    className="c5"
                  />
                  <CohortPanel
                    revenue={revenue}
                    kept={search.kept ?? "revenue"}
                    onKept={(kept) => place({ kept })}
                    className="c7"
                  />
                  <DifferencesPanel
                    revenue={revenue}
                    against={against ?? "profitwell"}
                    onAgainst={(name) => place({ against: name as RevenueSearch["against"] })}
                    className="c5"
                  />
                  <MonthsPanel revenue={revenue} onMonth={(month) => place({ month })} className="c12" />
                  <SplitPanel
                    revenue={revenue}
                    by={search.split ?? "plan"}
                    onBy={(split) => place({ split })}
                    onPlan={(on) => place({ movers: "all", on })}
                    className="c4"
                  />
                  <CurrenciesPanel
                    revenue={revenue}
                    onCurrency={(next) => place({ currency: next })}
                    className="c3"
                  />
                  <TrialsPanel revenue={revenue} className="c5" />
                  <ClosePanel revenue={revenue} className="c12" />
                </div>
              </div>
            </AskedProvider>
          )}
        </div>
      </div>
      {search.movers && revenue && currency && (
        <MoversDrawer
          revenue={revenue}
          movement={search.movers === "all" ? null : (search.movers as Movement)}
          plan={search.on ?? null}
          onClose={close}
        />
      )}
    </div>
  );
};
