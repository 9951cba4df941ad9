import { beforeEach, describe, expect, it } from "vitest";
import { installPlatform } from "@/platform/current";
import { fakePlatform } from "@/testing/fake-platform";
import { applyAll, lookAll, type TrayEntry } from "./tray";

const entry = (id: number, user: string): TrayEntry => ({
  id,
  workspace: "w",
  title: `Suspend ${user}`,
  command: "user_restore",
  draft: { users: [user] },
  reason: "",
  isUndoable: true,
});
const outcome = (user: string, token: string) => ({
  intent: "i",
  is_applied: false,
  rows: [{ table: "users", key: { id: user }, label: user, before: { status: "a" }, after: { status: "b" } }],
  skipped: [],
  plan_token: token,
  confirm: null,
  xid: null,
});

describe("the change tray", () => {
  let asked: { users: string[]; plan_token: string | null }[] = [];
  beforeEach(() => {
    asked = [];
    installPlatform(
      fakePlatform({
        answers: {
          user_restore: (request) => {
            const { users, plan_token } = request as { users: string[]; plan_token: string | null };
            asked.push({ users, plan_token });
            const user = users[0] ?? "";
            if (user === "moved" && plan_token !== null) throw { code: "conflict", message: "m", hint: "h" };
            if (user === "gone") throw { code: "not_found", message: "m", hint: "h" };
            return outcome(user, `token-${user}`);
          },
        },
      }),
    );
  });

  it("looks at each change, and one that fails stands beside the others", async () => {
    const looked = await lookAll([entry(1, "a"), entry(2, "gone"), entry(3, "b")]);
    expect(looked.map((one) => one.outcome?.plan_token)).toEqual(["token-a", undefined, "token-b"]);
    expect(asked.every((request) => request.plan_token === null)).toBe(true);
  });

  it("applies what was shown in order, and ends with the first that moved", async () => {
    const looked = await lookAll([entry(1, "a"), entry(2, "moved"), entry(3, "b")]);
    asked = [];
    const applied: number[] = [];
    const failure = await applyAll(looked, (one) => applied.push(one.id));
    expect(applied).toEqual([1]);
    expect(failure?.entry.id).toBe(2);
    expect(asked.map((request) => request.plan_token)).toEqual(["token-a", "token-moved"]);
  });
});
