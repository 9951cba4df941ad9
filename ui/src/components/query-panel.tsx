import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { CallError } from "@/api/call";
import { Panel } from "./panel";
import { Failure, Loading } from "./states";

/** A panel around one question: it waits, fails or shows the answer, under the same head in every state. */
export function QueryPanel<Data>({
  query,
  title,
  note,
  actions,
  className,
  waiting,
  rows,
  failure,
  children,
}: {
  query: UseQueryResult<Data, CallError>;
  title: string;
  /** Beside the title, once the answer is there. */
  note?: (data: Data) => ReactNode;
  actions?: ReactNode;
  className?: string;
  /** What is being done, for somebody who waits longer than five seconds. */
  waiting: string;
  rows?: number;
  /** What failed, where the error's own sentence would not say it. */
  failure?: string;
  children: (data: Data) => ReactNode;
}): ReactNode {
  const { data } = query;
  return (
    <Panel
      title={title}
      {...(className ? { className } : {})}
      {...(note && data !== undefined ? { note: note(data) } : {})}
      {...(actions ? { actions } : {})}
    >
      {data !== undefined ? (
        children(data)
      ) : query.isError ? (
        <Failure
          {...(failure ? { title: failure } : {})}
          error={query.error}
          onRetry={() => void query.refetch()}
        />
      ) : (
        <Loading what={waiting} {...(rows ? { rows } : {})} />
      )}
    </Panel>
  );
}
