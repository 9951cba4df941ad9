import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { commands } from "@/api/generated/commands";
import type { Role } from "@/api/generated/Role";
import type { Workspace } from "@/api/generated/Workspace";
import { refusalOf } from "@/lib/permits";
import { collect, discard } from "@/lib/tray";
import { fakePlatform } from "@/testing/fake-platform";
import { renderApp } from "@/testing/render-app";
import { AUDIT, SESSION, USERS, WORKSPACE } from "@/testing/sample-data";

const ROLES: Role[] = ["viewer", "finance", "support", "admin"];
const OPEN = { ...WORKSPACE, is_read_only: false, mode: "unlocked" as const };

const platformAs = (role: Role, workspace: Workspace = OPEN) =>
  fakePlatform({ answers: { session_show: () => ({ ...SESSION, role, workspace }) } });

const MENU = {
  "Change plan…": commands.user_change_plan,
  "Raise a limit…": commands.limit_raise,
  "Extend trial…": commands.user_extend_trial,
  "Reset usage…": commands.user_reset_usage,
  "Recount usage…": commands.usage_recount,
  "Suspend…": commands.user_suspend,
};

describe.each(ROLES)("as %s", (role) => {
  it("the audit log offers to take back what this role may take back", async () => {
    renderApp({ platform: platformAs(role), at: `#/audit?entry=${AUDIT[0]?.id}` });
    const button = await screen.findByRole("button", { name: "Revert…" });
    const refusal = refusalOf(commands.operation_revert, role, OPEN, false);
    expect(button.hasAttribute("disabled")).toBe(refusal !== undefined);
    expect(button.title).toBe(refusal ?? "");
  });

  it("an account offers what this role may do to it", async () => {
    const user = userEvent.setup();
    renderApp({ platform: platformAs(role), at: `#/users?user=${USERS[0]?.id}` });
    await user.click(await screen.findByRole("button", { name: "Actions" }));
    for (const [label, spec] of Object.entries(MENU)) {
      const item = await screen.findByRole("menuitem", { name: new RegExp(`^${label}`) });
      const refusal = refusalOf(spec, role, OPEN, false);
      expect([label, item.getAttribute("aria-disabled") === "true"]).toEqual([label, refusal !== undefined]);
      if (refusal) expect(item.textContent).toContain(refusal);
    }
  });

  it("the header unlocks for whom anything is to be changed", async () => {
    const user = userEvent.setup();
    renderApp({ platform: platformAs(role, WORKSPACE) });
    await user.click(await screen.findByRole("button", { name: "Read-only" }));
    const note = await screen.findByRole("dialog", { name: "Read-only" });
    const unlock = within(note).queryByRole("button", { name: "Unlock for 15 minutes" });
    expect(unlock !== null).toBe(role !== "viewer");
  });
});

describe("a workspace that is read-only", () => {
  it("takes nothing back from the audit log, and says why", async () => {
    renderApp({ platform: platformAs("admin", WORKSPACE), at: `#/audit?entry=${AUDIT[0]?.id}` });
    const button = await screen.findByRole("button", { name: "Revert…" });
    expect(button.hasAttribute("disabled")).toBe(true);
    expect(button.title).toContain("read-only");
  });
});

describe("a window with collected changes", () => {
  it("asks before it closes, and only then", async () => {
    const user = userEvent.setup();
    const platform = platformAs("admin");
    renderApp({ platform });
    await screen.findByRole("heading", { level: 1, name: "Overview" });
    expect(platform.askToClose()).toBe(false);

    collect({
      workspace: "another",
      title: "Restore somebody",
      command: "user_restore",
      draft: { users: ["u"] },
      reason: "",
      isUndoable: true,
    });
    await waitFor(() => expect(platform.askToClose()).toBe(true));
    const question = await screen.findByRole("dialog", { name: "1 collected change not sent" });
    await user.click(within(question).getByRole("button", { name: "Keep the window" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(platform.calls).not.toContain("close_window");

    platform.askToClose();
    await user.click(await screen.findByRole("button", { name: "Discard and close" }));
    expect(platform.calls).toContain("close_window");
    discard(Array.from({ length: 100 }, (_, id) => id));
    await waitFor(() => expect(platform.askToClose()).toBe(false));
  });
});
