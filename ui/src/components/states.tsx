import { type FC, type ReactNode, useEffect, useState } from "react";
import { wireError } from "@/api/call";
import type { WireError } from "@/api/generated/WireError";
import { copyText } from "@/lib/clipboard";
import { notify } from "@/lib/notices";
import { Glyph } from "./icon";
import { Words } from "./words";

/** Seconds since it was first shown. */
function useSecondsShown(): number {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setSeconds((before) => before + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  return seconds;
}

/** Bars in the place of what comes: nothing for a second, then bars, after five seconds what is running. */
export const Loading: FC<{ what: string; rows?: number; onCancel?: () => void }> = ({
  what,
  rows = 6,
  onCancel,
}) => {
  const seconds = useSecondsShown();
  return (
    <div className="pb loading" aria-busy="true">
      <div className="cap t2 loading-words" role="status">
        {seconds >= 5 && (
          <>
            {what}, {seconds} s.{" "}
            {onCancel && (
              <button type="button" className="link" onClick={onCancel}>
                Cancel
              </button>
            )}
          </>
        )}
      </div>
      {seconds >= 1 &&
        Array.from({ length: rows }, (_, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the bars are drawn once and never move
          <span key={index} className="sk" style={{ width: `${38 + ((index * 53) % 53)}%` }} />
        ))}
    </div>
  );
};

/** The text that a person can send to somebody who helps. */
export function errorReport(error: WireError): string {
  return [
    error.message,
    error.hint,
    `code ${error.code}${error.id ? ` · op ${error.id}` : ""}`,
    error.detail,
    ...error.fields.map((field) => `${field.field}: ${field.message}`),
  ]
    .filter(Boolean)
    .join("\n");
}

/** What happened, what it means, what to do, inside one panel; the others stay. */
export const Failure: FC<{
  title?: string;
  error: unknown;
  onRetry?: () => void;
  /** What else can be done, before trying again. */
  actions?: ReactNode;
  /** What it leaves as it was. */
  children?: ReactNode;
}> = ({ title, error, onRetry, actions, children }) => {
  const wire = wireError(error);
  const copy = async () => {
    await copyText(errorReport(wire));
    notify({ tone: "ok", title: "Details copied" });
  };
  return (
    <div className="state" role="alert">
      <div className="h">
        <span className="danger">
          <Glyph tone="danger" />
        </span>
        {title ?? <Words>{wire.message}</Words>}
      </div>
      <p>
        <Words>{title ? `${wire.message} ${wire.hint}` : wire.hint}</Words>
      </p>
      {wire.detail && <p className="t3">{wire.detail}</p>}
      {children && <p>{children}</p>}
      <div className="bt">
        {actions}
        {onRetry && (
          <button type="button" className="btn" onClick={onRetry}>
            Try again
          </button>
        )}
        <button type="button" className="btn gh" onClick={() => void copy()}>
          Copy details
        </button>
      </div>
      <p className="cap t3 mono">
        {wire.code}
        {wire.id && ` · op ${wire.id}`}
      </p>
    </div>
  );
};

/** Nothing to show, and that is known: good news is stated, otherwise what to do. */
export const Empty: FC<{ title: string; isGood?: boolean; children?: ReactNode; actions?: ReactNode }> = ({
  title,
  isGood = false,
  children,
  actions,
}) => (
  <div className="state">
    <div className="h">
      {isGood && (
        <span className="ok">
          <Glyph tone="ok" />
        </span>
      )}
      {title}
    </div>
    {children && <p>{children}</p>}
    {actions && <div className="bt">{actions}</div>}
  </div>
);
