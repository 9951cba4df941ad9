import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FC, useMemo } from "react";
import { revenueForecastOptions, revenueOptions } from "@/api/queries";
import { Choice } from "@/components/choice";
import { PageHead } from "@/components/page-head";
import { Segmented } from "@/components/segmented";
import { useScope, useWorkspace } from "@/lib/scope";
import { BacktestPanel, ForecastChart, MonthsAheadPanel } from "./forecast-panels";
import type { ForecastSearch } from "./search";
import { WhatIf } from "./what-if";
import "./forecast.css";

/** Where MRR is heading, and what it would be under other prices, churn or conversion. */
export const ForecastView: FC = () => {
  const search = useSearch({ from: "/shell/forecast" });
  const { zone } = useScope();
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const place = (change: Partial<ForecastSearch>) =>
    void navigate({ to: "/forecast", replace: true, search: (before) => ({ ...before, ...change }) });
  const profile = search.profile ?? "stripe";
  const request = useMemo(
    () => ({ zone, profile: search.profile ?? null, currency: search.currency ?? null }),
    [search, zone],
  );
  const query = useQuery({
    ...revenueForecastOptions(workspace.id, request),
    placeholderData: keepPreviousData,
  });
  // The same question that the revenue view asks: which currencies there are.
  const revenue = useQuery(revenueOptions(workspace.id, { ...request, month: null, months: 12 }));
  const currency = query.data?.currency;
  return (
    <div className="wrap fc">
      <PageHead
        title="Forecast"
        note="estimates, from the history of the subscriptions"
        actions={
          <>
            {currency && revenue.data && (
              <Choice
                label="Currency"
                value={currency}
                options={revenue.data.currencies.map((row) => ({ value: row.currency, label: row.currency }))}
                onChange={(next) => place({ currency: next })}
              />
            )}
            <Segmented
              label="Definition"
              value={profile}
              options={["stripe", "chartmogul", "profitwell"].map((value) => ({ value, label: value }))}
              onChange={(next) => place({ profile: next as ForecastSearch["profile"] })}
            />
          </>
        }
      />
      <div className="grid">
        <ForecastChart query={query} request={request} />
        <MonthsAheadPanel query={query} request={request} />
        <BacktestPanel query={query} request={request} />
      </div>
      <WhatIf search={search} />
    </div>
  );
};
