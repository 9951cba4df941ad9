import { useQuery } from "@tanstack/react-query";
import { type FC, useId, useState } from "react";
import type { PaymentRow } from "@/api/generated/PaymentRow";
import type { RefundCause } from "@/api/generated/RefundCause";
import type { UserSubscription } from "@/api/generated/UserSubscription";
import { planListOptions } from "@/api/queries";
import { ActionSheet } from "@/components/action-sheet";
import { Choice } from "@/components/choice";
import { Segmented } from "@/components/segmented";
import { shellWord } from "@/lib/actions";
import { useWorkspace } from "@/lib/scope";
import { parseAmount } from "./model";

const command = (verb: string, rest: string, reason: string, workspace: string) =>
  `steward stripe ${verb} ${rest} --reason ${shellWord(reason)} -w ${shellWord(workspace)}`;

/** Moves a subscription at Stripe; what it will charge is Stripe’s own word, at the instant of the look. */
export const ChangeAtStripeSheet: FC<{ row: UserSubscription; id: string; onClose: () => void }> = ({
  row,
  id,
  onClose,
}) => {
  const workspace = useWorkspace();
  const ids = useId();
  const plans = useQuery(planListOptions(workspace.id));
  const [plan, setPlan] = useState(row.plan_code);
  const [interval, setInterval] = useState(row.billing_interval);
  const [typed, setTyped] = useState(String(row.quantity));
  const quantity = /^\d{1,6}$/.test(typed.trim()) ? Number(typed) : undefined;
  const isSame = plan === row.plan_code && interval === row.billing_interval && quantity === row.quantity;
  const draft =
    quantity === undefined || isSame ? undefined : { subscription: id, plan_code: plan, interval, quantity };
  return (
    <ActionSheet
      title={`Change ${id} at Stripe`}
      verb={() => "Change at Stripe"}
      command="subscription_change"
      draft={draft}
      missing={
        quantity === undefined
          ? "Seats are a whole number."
          : "Choose another plan, interval or number of seats to see what Stripe will charge."
      }
      needsReason
      isUndoable={false}
      cli={(reason) =>
        command(
          "change",
          `${id} --plan ${plan} --interval ${interval} --quantity ${typed}`,
          reason,
          workspace.name,
        )
      }
      onClose={onClose}
    >
      <div className="as-2">
        <div className="fld">
          <span className="fl">Plan</span>
          <Choice
            label="Plan"
            value={plan}
            options={(plans.data?.rows ?? [])
              .filter((found) => found.archived_at === null)
              .map((found) => ({ value: found.code, label: found.name }))}
            onChange={setPlan}
          />
        </div>
        <div className="fld">
          <span className="fl">Billed</span>
          <Segmented
            label="Billed"
            value={interval}
            options={[
              { value: "month", label: "Monthly" },
              { value: "year", label: "Yearly" },
            ]}
            onChange={setInterval}
          />
        </div>
        <div className="fld">
          <label className="fl" htmlFor={`${ids}-seats`}>
            Seats
          </label>
          <input
            id={`${ids}-seats`}
            className="inp n as-s"
            inputMode="numeric"
            value={typed}
            aria-invalid={quantity === undefined}
            autoComplete="off"
            onChange={(event) => setTyped(event.target.value)}
          />
        </div>
      </div>
    </ActionSheet>
  );
};

/** Ends a subscription at Stripe with its period, or at once. */
export const CancelAtStripeSheet: FC<{ id: string; onClose: () => void }> = ({ id, onClose }) => {
  const workspace = useWorkspace();
  const [when, setWhen] = useState("end");
  const isNow = when === "now";
  return (
    <ActionSheet
      title={`Cancel ${id} at Stripe`}
      verb={() => (isNow ? "Cancel now" : "Cancel with the period")}
      command="subscription_cancel"
      draft={{ subscription: id, is_now: isNow }}
      needsReason
      isUndoable={false}
      cli={(reason) => command("cancel", `${id}${isNow ? " --now" : ""}`, reason, workspace.name)}
      onClose={onClose}
    >
      <div className="fld">
        <span className="fl">When</span>
        <Segmented
          label="When"
          value={when}
          options={[
            { value: "end", label: "With its period" },
            { value: "now", label: "Now" },
          ]}
          onChange={setWhen}
        />
        <div className="hint">
          {isNow
            ? "It ends at once and cannot be taken back. Nothing is given back; refund the payment apart from it."
            : "It goes on until its period ends, and can be reinstated until then."}
        </div>
      </div>
    </ActionSheet>
  );
};

/** Takes back that a subscription ends with its period. */
export const ReinstateAtStripeSheet: FC<{ id: string; onClose: () => void }> = ({ id, onClose }) => {
  const workspace = useWorkspace();
  return (
    <ActionSheet
      title={`Reinstate ${id} at Stripe`}
      verb={() => "Reinstate"}
      command="subscription_reinstate"
      draft={{ subscription: id }}
      needsReason
      isUndoable={false}
      cli={(reason) => command("reinstate", id, reason, workspace.name)}
      onClose={onClose}
    >
      <p className="t2">It goes on after its period, and is billed as before.</p>
    </ActionSheet>
  );
};

const CAUSES: readonly { value: RefundCause; label: string }[] = [
  { value: "requested_by_customer", label: "Asked for" },
  { value: "duplicate", label: "Charged twice" },
  { value: "fraudulent", label: "Fraud" },
];

/** Gives a payment back at Stripe, in whole or in part. */
export const RefundSheet: FC<{ row: PaymentRow; onClose: () => void }> = ({ row, onClose }) => {
  const workspace = useWorkspace();
  const ids = useId();
  const [typed, setTyped] = useState("");
  const [cause, setCause] = useState<RefundCause>("requested_by_customer");
  const amount = typed.trim() === "" ? null : parseAmount(typed, row.amount);
  return (
    <ActionSheet
      title={`Refund ${row.amount.words} of ${row.id}`}
      verb={() => "Refund at Stripe"}
      command="payment_refund"
      draft={amount === undefined ? undefined : { payment: row.id, amount_minor: amount, cause }}
      missing={`An amount of ${row.amount.currency} is written ${row.amount.words.replace(/ .*/, "")}.`}
      needsReason
      isUndoable={false}
      cli={(reason) =>
        command(
          "refund",
          `${row.id}${typed.trim() ? ` --amount ${typed.trim()}` : ""} --cause ${cause.replaceAll("_", "-")}`,
          reason,
          workspace.name,
        )
      }
      onClose={onClose}
    >
      <div className="as-2">
        <div className="fld">
          <label className="fl" htmlFor={`${ids}-amount`}>
            Amount, {row.amount.currency}
          </label>
          <input
            id={`${ids}-amount`}
            className="inp n as-s"
            inputMode="decimal"
            value={typed}
            placeholder="all that is left"
            aria-invalid={amount === undefined}
            autoComplete="off"
            onChange={(event) => setTyped(event.target.value)}
          />
        </div>
        <div className="fld">
          <span className="fl">Cause</span>
          <Segmented
            label="Cause"
            value={cause}
            options={CAUSES}
            onChange={(next) => setCause(next as RefundCause)}
          />
        </div>
      </div>
    </ActionSheet>
  );
};
