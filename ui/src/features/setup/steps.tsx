import type { FC } from "react";
import type { Check } from "@/api/generated/Check";
import { Icon } from "@/components/icon";

/** Where one is on the way to a workspace. */
export const Steps: FC<{
  way: "sample" | "connect";
  checks: readonly Check[] | undefined;
  isReady: boolean;
  secrets: string;
}> = ({ way, checks, isReady, secrets }) => {
  const passed = checks?.filter((check) => check.state === "ok" || check.state === "warning").length ?? 0;
  const steps =
    way === "sample"
      ? [
          { name: "Start", note: "Sample company", isDone: true, isCurrent: false },
          { name: "Open", note: "No account, no connection", isDone: false, isCurrent: true },
        ]
      : [
          { name: "Start", note: "Connect a database", isDone: true, isCurrent: false },
          {
            name: "Connection",
            note: checks ? `${passed} of ${checks.length} checks passed` : "Paste the URL, run the checks",
            isDone: isReady,
            isCurrent: !isReady,
          },
          { name: "Add", note: "Read-only is preselected", isDone: false, isCurrent: isReady },
        ];
  return (
    <aside className="fs">
      <div className="logo">
        <svg
          width="20"
          height="20"
          viewBox="0 0 20 20"
          fill="none"
          stroke="currentColor"
          strokeWidth="1.6"
          strokeLinecap="round"
          strokeLinejoin="round"
          aria-hidden="true"
        >
          <path d="M3 16.5h14M5 16.5V9M10 16.5V4M15 16.5v-5" />
        </svg>
        Steward
      </div>
      <ol className="steps">
        {steps.map((step, index) => (
          <li
            key={step.name}
            className={step.isDone ? "done" : ""}
            {...(step.isCurrent ? { "aria-current": "step" as const } : {})}
          >
            <span className="sn">{step.isDone ? <Icon name="check" /> : index + 1}</span>
            <span>
              <b>{step.name}</b>
              <span>{step.note}</span>
            </span>
          </li>
        ))}
      </ol>
      <p className="cap t3 fsn">Everything stays on this computer. Passwords are kept in: {secrets}.</p>
    </aside>
  );
};
