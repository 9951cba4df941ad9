import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import type { Outcome } from "@/api/generated/Outcome";
import { fakePlatform } from "@/testing/fake-platform";
import { renderApp } from "@/testing/render-app";
import { SESSION, WORKSPACE } from "@/testing/sample-data";
import { leftAlone } from "./operations";
import { collect } from "./tray";

const outcome = (rows: number, skipped: number): Outcome => ({
  intent: "0197a3c2-4444-7000-8000-000000000001",
  is_applied: true,
  rows: Array.from({ length: rows }, (_, n) => ({
    table: "users",
    key: { id: n },
    label: `row ${n}`,
    before: { plan_code: "pro" },
    after: { plan_code: "free" },
  })),
  skipped: Array.from({ length: skipped }, (_, n) => ({ label: `left ${n}`, reason: "Moved on." })),
  plan_token: "token",
  confirm: null,
  xid: "1",
});

describe("what an undo left alone", () => {
  it("is named up to three, and counted", () => {
    expect(leftAlone(outcome(2, 0))).toBeUndefined();
    expect(leftAlone(outcome(2, 1))).toBe("1 row left as it is: left 0.");
    expect(leftAlone(outcome(2, 3))).toBe("3 rows left as they are: left 0, left 1, left 2.");
    expect(leftAlone(outcome(2, 5))).toBe("5 rows left as they are: left 0, left 1, left 2 and 2 more.");
  });

  it.each([
    { rows: 1, left: 0, title: "Undone: Restore ada", text: /^(Sent|Confirmed)/, tone: "info" },
    {
      rows: 1,
      left: 4,
      title: "Undone in part: Restore ada",
      text: /^4 rows left as they are: .+ and 1 more\./,
      tone: "warning",
    },
    {
      rows: 0,
      left: 2,
      title: "Nothing was undone: Restore ada",
      text: /^2 rows left as they are: left 0, left 1\.$/,
      tone: "warning",
    },
  ])("is told after $rows rows went back and $left did not", async ({ rows, left, title, text, tone }) => {
    const user = userEvent.setup();
    const workspace = { ...WORKSPACE, is_read_only: false, mode: "unlocked" as const };
    const platform = fakePlatform({
      answers: {
        session_show: () => ({ ...SESSION, workspace }),
        user_restore: () => outcome(1, 0),
        operation_revert: () => outcome(rows, left),
      },
    });
    renderApp({ platform });
    await screen.findByRole("heading", { level: 1, name: "Overview" });
    collect({
      workspace: workspace.id,
      title: "Restore ada",
      command: "user_restore",
      draft: { users: ["ada"] },
      reason: "",
      isUndoable: true,
    });
    await user.click(await screen.findByRole("button", { name: "Review…" }));
    await user.click(await screen.findByRole("button", { name: "Apply 1 change" }));
    await user.click(await screen.findByRole("button", { name: "Undo" }));
    const told = (await screen.findByText(title)).closest<HTMLElement>(".notice");
    expect(told?.querySelector(".cap")?.textContent).toMatch(text);
    expect(told?.firstElementChild?.className).toBe(tone);
    await user.click(within(told as HTMLElement).getByRole("button", { name: "Close notice" }));
  });
});
