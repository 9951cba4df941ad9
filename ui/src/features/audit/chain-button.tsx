import { useMutation } from "@tanstack/react-query";
import type { FC } from "react";
import { auditVerify } from "@/api/mutations";
import { Icon } from "@/components/icon";
import { PopoverButton } from "@/components/popup";
import { Failure, Loading } from "@/components/states";
import { Status } from "@/components/status";
import { countOf, formatNumber, formatSecond } from "@/lib/format";
import { useScope } from "@/lib/scope";

/** Checks whether the log is whole, and says what was found. */
export const ChainButton: FC = () => {
  const { zone } = useScope();
  const verify = useMutation(auditVerify());
  const found = verify.data;
  return (
    <PopoverButton
      label="Chain check"
      className="note chain"
      onOpenChange={(isOpen) => isOpen && verify.mutate()}
      trigger={
        <button type="button" className="btn">
          <Icon name="check" />
          Check the chain
        </button>
      }
    >
      <div className="note-h">Is the log whole?</div>
      {verify.isError ? (
        <Failure error={verify.error} onRetry={() => verify.mutate()} />
      ) : found && !verify.isPending ? (
        <>
          <p>
            {found.is_whole ? (
              <Status tone="ok">Whole: {countOf(found.entries, "entry", "entries")}</Status>
            ) : (
              <Status tone="danger">
                Not whole: {countOf(found.problems.length, "entry", "entries")} do not fit
              </Status>
            )}
          </p>
          <p>
            Each entry carries a hash over itself and everything before it. The server went along all of them;
            {` ${formatNumber(found.heads_compared)} `}
            ends that this computer had seen before were compared, so that a log written anew is noticed too.
          </p>
          {found.problems.length > 0 && (
            <ul className="chain-l">
              {found.problems.map((problem) => (
                <li key={`${problem.id}:${problem.problem}`}>
                  <span className="mono">{problem.id}</span> {problem.problem}
                </li>
              ))}
            </ul>
          )}
          <p className="t3 cap">
            {formatSecond(found.checked_at, zone)}
            {found.head && (
              <>
                {" "}
                · entry {found.head.id} · <span className="mono">{found.head.hash.slice(0, 16)}…</span>
              </>
            )}
          </p>
        </>
      ) : (
        <Loading what="The server goes along the chain" rows={2} />
      )}
    </PopoverButton>
  );
};
