import { useMutation, useQuery } from "@tanstack/react-query";
import { type FC, type FormEvent, useId, useState } from "react";
import type { Rate } from "@/api/generated/Rate";
import type { Revenue } from "@/api/generated/Revenue";
import { rateBase, rateRemove, rateSet } from "@/api/mutations";
import { rateListOptions } from "@/api/queries";
import { Choice } from "@/components/choice";
import { Icon } from "@/components/icon";
import { Modal, ModalClose, ModalTitle } from "@/components/popup";
import { CopyCommand } from "@/components/review-parts";
import { Failure, Loading } from "@/components/states";
import { Table } from "@/components/table";
import { shellWord } from "@/lib/actions";
import { formatDay } from "@/lib/format";
import { useWorkspace } from "@/lib/scope";

const NONE = "none";

/** The base currency, and what the others are worth in it as somebody states it. */
export const RatesSheet: FC<{ revenue: Revenue; onClose: () => void }> = ({ revenue, onClose }) => {
  const workspace = useWorkspace();
  const query = useQuery(rateListOptions(workspace.id));
  const choose = useMutation(rateBase());
  const remove = useMutation(rateRemove());
  const list = query.data;
  const base = list?.base ?? null;
  const known = new Set(["USD", "EUR", "GBP", ...revenue.currencies.map((row) => row.currency)]);
  if (base) known.add(base);
  const missing = revenue.currencies
    .map((row) => row.currency)
    .filter((code) => code !== base && !list?.rates.some((rate) => rate.currency === code));
  return (
    <Modal isOpen onClose={onClose} className="export">
      <div className="dh">
        <ModalTitle>Total in one currency</ModalTitle>
        <span className="dx">
          <ModalClose />
        </span>
      </div>
      <div className="ex-body">
        {query.isError ? (
          <Failure error={query.error} onRetry={() => void query.refetch()} />
        ) : !list ? (
          <Loading what="Reading the rates" rows={4} />
        ) : (
          <>
            <div className="fld">
              <span className="fl">Base currency</span>
              <Choice
                label="Base currency"
                value={base ?? NONE}
                options={[
                  { value: NONE, label: "None, no total" },
                  ...[...known].sort().map((code) => ({ value: code, label: code })),
                ]}
                onChange={(code) => choose.mutate(code === NONE ? null : code)}
              />
              <div className="hint">
                Each base currency has rates of its own. They are kept on this computer.
              </div>
            </div>
            {choose.error && <Failure title="The base currency was not kept" error={choose.error} />}
            {base && list.rates.length > 0 && (
              <Table
                columns={[
                  { heading: "One" },
                  { heading: `Is worth, ${base}`, className: "n" },
                  { heading: "Of" },
                  { heading: "Source" },
                  { heading: "Remove" },
                ]}
              >
                {list.rates.map((rate) => (
                  <tr key={rate.currency}>
                    <td className="m">{rate.currency}</td>
                    <td className="n">{rate.rate}</td>
                    <td>{rate.date}</td>
                    <td className="t2">{rate.source || "–"}</td>
                    <td>
                      <button
                        type="button"
                        className="ib"
                        aria-label={`Remove the rate of ${rate.currency}`}
                        onClick={() => remove.mutate(rate.currency)}
                      >
                        <Icon name="x" />
                      </button>
                    </td>
                  </tr>
                ))}
              </Table>
            )}
            {base && (
              <RateForm
                key={`${base} ${missing[0] ?? ""}`}
                base={base}
                first={missing[0] ?? ""}
                today={formatDay(revenue.freshness.as_of ?? new Date().toISOString(), revenue.zone)}
              />
            )}
            {base && missing.length > 0 && (
              <p className="hint warning">
                Without a rate: {missing.join(", ")}. Until then there is no total.
              </p>
            )}
          </>
        )}
      </div>
      <div className="dfoot">
        <CopyCommand command={`steward rates list -w ${shellWord(workspace.name)}`} />
        <span className="act">
          <button type="button" className="btn" onClick={onClose}>
            Close
          </button>
        </span>
      </div>
    </Modal>
  );
};

/** States one rate. */
const RateForm: FC<{ base: string; first: string; today: string }> = ({ base, first, today }) => {
  const ids = useId();
  const [typed, setTyped] = useState<Rate>({ currency: first, rate: "", date: today, source: "" });
  const set = useMutation(rateSet());
  const submit = (event: FormEvent) => {
    event.preventDefault();
    set.mutate(typed, { onSuccess: () => setTyped({ ...typed, currency: "", rate: "" }) });
  };
  const field = (name: keyof Rate, label: string, type = "text") => (
    <div className="fld">
      <label className="fl" htmlFor={`${ids}-${name}`}>
        {label}
      </label>
      <input
        id={`${ids}-${name}`}
        className="inp"
        type={type}
        value={typed[name]}
        autoComplete="off"
        {...(type === "date" ? { max: today } : {})}
        onChange={(event) => {
          setTyped({ ...typed, [name]: event.target.value });
          set.reset();
        }}
      />
    </div>
  );
  return (
    <form onSubmit={submit} aria-label="State a rate">
      <div className="rv-rate">
        {field("currency", "One")}
        {field("rate", `Is worth, ${base}`)}
        {field("date", "Of", "date")}
        {field("source", "Source")}
        <button
          type="submit"
          className="btn"
          disabled={typed.currency.trim() === "" || typed.rate.trim() === "" || set.isPending}
        >
          State rate
        </button>
      </div>
      {set.error && <div className="hint warning">{set.error.message}</div>}
    </form>
  );
};
