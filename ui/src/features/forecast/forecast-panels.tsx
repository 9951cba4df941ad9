import type { UseQueryResult } from "@tanstack/react-query";
import type { FC } from "react";
import type { CallError } from "@/api/call";
import type { RevenueForecast } from "@/api/generated/RevenueForecast";
import type { RevenueForecastReq } from "@/api/generated/RevenueForecastReq";
import { ChartPanel } from "@/charts/chart-panel";
import { ExportButton } from "@/components/export-button";
import { Panel } from "@/components/panel";
import { MethodNote } from "@/components/popup";
import { QueryPanel } from "@/components/query-panel";
import { Empty } from "@/components/states";
import { Table } from "@/components/table";
import { shellWord } from "@/lib/actions";
import { formatMinor, monthLabel } from "@/lib/money";
import { shareText } from "./model";

interface Props {
  query: UseQueryResult<RevenueForecast, CallError>;
  request: RevenueForecastReq;
}

/** Months ahead that are told as figures. */
const TOLD = [3, 6, 12];

const AnswerExport: FC<{ rows: string; name: string; request: RevenueForecastReq }> = ({
  rows,
  name,
  request,
}) => (
  <ExportButton
    isIcon
    name={name}
    source={{ source: "answer", command: "revenue_forecast", request, rows, name }}
    command={`steward export answer revenue_forecast ${rows} --request ${shellWord(JSON.stringify(request))}`}
  />
);

/** What came and what is expected, with both intervals. */
export const ForecastChart: FC<Props> = ({ query }) => {
  const { data } = query;
  if (data?.chart) {
    return <ChartPanel spec={data.chart} height={300} unfinishedLabel="so far" className="c8" />;
  }
  if (data?.without) {
    return (
      <Panel title="Forecast of MRR" className="c12">
        <Empty title="No forecast">{data.without}</Empty>
      </Panel>
    );
  }
  return (
    <QueryPanel
      query={query}
      title="Forecast of MRR"
      className="c8"
      waiting="Looking ahead and testing it"
      rows={8}
      failure="The forecast could not be made"
    >
      {() => null}
    </QueryPanel>
  );
};

/** The estimate in 3, 6 and 12 months. */
export const MonthsAheadPanel: FC<Props> = ({ query, request }) => {
  const { data } = query;
  if (!data || data.months.length === 0) return null;
  const write = (minor: number) => formatMinor(minor, data.exponent, 0);
  return (
    <Panel
      title="Months ahead"
      note={`estimate · ${data.currency}`}
      className="c4"
      actions={<AnswerExport rows="/months" name="Forecast of MRR" request={request} />}
    >
      <Table
        columns={[
          { heading: "End of" },
          { heading: "Estimate", className: "n" },
          { heading: "80 %", className: "n" },
          { heading: "95 %", className: "n" },
        ]}
      >
        {data.months
          .filter((row) => TOLD.includes(row.months_ahead))
          .map((row) => (
            <tr key={row.month}>
              <td>
                {monthLabel(row.month)}
                <div className="t3">{row.months_ahead} months</div>
              </td>
              <td className="n m">{write(row.mrr_minor)}</td>
              <td className="n">
                {write(row.low_80_minor)}
                <div>{write(row.high_80_minor)}</div>
              </td>
              <td className="n t2">
                {write(row.low_95_minor)}
                <div>{write(row.high_95_minor)}</div>
              </td>
            </tr>
          ))}
      </Table>
      <p className={data.is_naive ? "foot warning" : "foot"}>{data.verdict}</p>
    </Panel>
  );
};

/** How wrong the same method was before. */
export const BacktestPanel: FC<Props> = ({ query, request }) => {
  const { data } = query;
  if (!data || data.errors.length === 0) return null;
  const off = (minor: number, share: number | null) => (
    <>
      {formatMinor(minor, data.exponent)}
      <span className="t3"> {share === null ? "" : shareText(share)}</span>
    </>
  );
  return (
    <Panel
      title="Back-test"
      note={`how far off it was before · ${data.currency}`}
      className="c12"
      actions={
        <>
          <AnswerExport rows="/errors" name="Back-test" request={request} />
          <MethodNote title="Back-test">
            <p>{data.method}</p>
            <p>
              Naive is that the last month’s end stays. Where the model is not better over all starts and
              months, the naive forecast is shown. Inside is how many outcomes lay within the interval of what
              is shown; of the 80 % interval it should be about 80 %.
            </p>
          </MethodNote>
        </>
      }
    >
      <Table
        columns={[
          { heading: "Months ahead" },
          { heading: "Starts", className: "n" },
          { heading: "Model off by", className: "n" },
          { heading: "Naive off by", className: "n" },
          { heading: "Inside 80 %", className: "n" },
          { heading: "Inside 95 %", className: "n" },
        ]}
      >
        {data.errors.map((row) => (
          <tr key={row.months_ahead}>
            <td>{row.months_ahead}</td>
            <td className="n">{row.origins}</td>
            <td className={data.is_naive ? "n" : "n m"}>{off(row.model_minor, row.model_share)}</td>
            <td className={data.is_naive ? "n m" : "n"}>{off(row.naive_minor, row.naive_share)}</td>
            <td className="n">{shareText(row.within_80)}</td>
            <td className="n">{shareText(row.within_95)}</td>
          </tr>
        ))}
      </Table>
    </Panel>
  );
};
