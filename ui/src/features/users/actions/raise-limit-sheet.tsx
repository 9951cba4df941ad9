import { useQuery } from "@tanstack/react-query";
import { type FC, useId, useState } from "react";
import { limitListOptions } from "@/api/queries";
import { ActionSheet } from "@/components/action-sheet";
import { Choice } from "@/components/choice";
import { Segmented } from "@/components/segmented";
import { formatMinute, formatNumber } from "@/lib/format";
import { useScope, useWorkspace } from "@/lib/scope";
import type { ActionUser } from "./action-user";
import { limitKey, limitText, parseLimit, RAISE_SPANS, spanEnd, userCommand } from "./model";

/** Raises a limit for a time; it ends by itself. */
export const RaiseLimitSheet: FC<{ user: ActionUser; onClose: () => void }> = ({ user, onClose }) => {
  const workspace = useWorkspace();
  const { zone } = useScope();
  const ids = useId();
  const limits = useQuery(limitListOptions(workspace.id, user.id));
  // What can be raised: a limit there is. The one that blocks comes first.
  const lines = (limits.data?.limits ?? [])
    .filter((line) => line.limit !== null)
    .sort((one, other) => (one.remaining ?? 0) - (other.remaining ?? 0));
  const [opened] = useState(Date.now);
  const [chosen, setChosen] = useState<string>();
  const [typed, setTyped] = useState("");
  const [isUnlimited, setIsUnlimited] = useState(false);
  const [span, setSpan] = useState("7d");
  const line = lines.find((row) => limitKey(row) === chosen) ?? lines[0];
  const until = spanEnd(opened, RAISE_SPANS.find((row) => row.value === span)?.days ?? 7);
  const limit = isUnlimited ? null : parseLimit(typed);
  const isTooSmall = typeof limit === "number" && line?.limit != null && limit <= line.limit;
  const draft =
    line && limit !== undefined && !isTooSmall
      ? {
          user: user.id,
          team: null,
          api_key: null,
          metric: line.metric,
          period: line.period,
          limit,
          until,
        }
      : undefined;
  const to = limit === null ? "unlimited" : String(limit ?? "LIMIT");
  return (
    <ActionSheet
      title={`Raise a limit of ${user.email}`}
      verb={() => `Raise for ${RAISE_SPANS.find((row) => row.value === span)?.label ?? "a time"}`}
      command="limit_raise"
      draft={draft}
      missing={
        limits.isPending
          ? "Reading the limits."
          : lines.length === 0
            ? "The plan sets no limit that could be raised."
            : "Say how much is allowed to see every row before and after."
      }
      needsReason
      cli={(reason) =>
        userCommand(
          "raise-limit",
          user.email,
          `--metric ${line?.metric ?? "METRIC"} --period ${line?.period ?? "month"} --to ${to} --until ${until}`,
          reason,
          workspace.name,
        )
      }
      onClose={onClose}
    >
      <div className="as-2">
        <div className="fld">
          <span className="fl">Limit</span>
          <Choice
            label="Limit"
            value={line ? limitKey(line) : ""}
            placeholder="No limit"
            options={lines.map((row) => ({ value: limitKey(row), label: limitText(row) }))}
            onChange={setChosen}
          />
        </div>
        <div className="fld">
          <label className="fl" htmlFor={`${ids}-to`}>
            Raised to
          </label>
          <span className="as-in">
            <input
              id={`${ids}-to`}
              className="inp n"
              inputMode="numeric"
              value={isUnlimited ? "" : typed}
              disabled={isUnlimited}
              placeholder={line?.limit != null ? `more than ${formatNumber(line.limit)}` : ""}
              aria-invalid={isTooSmall}
              autoComplete="off"
              onChange={(event) => setTyped(event.target.value)}
            />
            <label className="ck">
              <input
                type="checkbox"
                checked={isUnlimited}
                onChange={(event) => setIsUnlimited(event.target.checked)}
              />
              Unlimited
            </label>
          </span>
          {isTooSmall && (
            <div className="hint warning">That is no raise: the limit is that high already.</div>
          )}
        </div>
        <div className="fld">
          <span className="fl">For</span>
          <Segmented label="For how long" value={span} options={RAISE_SPANS} onChange={setSpan} />
          <div className="hint">
            Ends by itself at {formatMinute(until, zone)} {zone}.
          </div>
        </div>
      </div>
    </ActionSheet>
  );
};
