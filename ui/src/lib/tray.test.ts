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
  intent: `intent-${id}`,
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

interface Asked {
  users: string[];
  intent: string;
  plan_token: string | null;
}

const LOST = { code: "offline", message: "m", hint: "h" };

describe("the change tray", () => {
  let asked: Asked[] = [];
  let answer: (request: Asked) => unknown;
  beforeEach(() => {
    asked = [];
    answer = ({ users: [user = ""], plan_token }) => {
      if (user === "moved" && plan_token !== null) throw { code: "conflict", message: "m", hint: "h" };
      if (user === "gone") throw { code: "not_found", message: "m", hint: "h" };
      return outcome(user, `token-${user}`);
    };
    installPlatform(
      fakePlatform({
        answers: {
          user_restore: (request) => {
            asked.push(request as Asked);
            return answer(request as Asked);
          },
        },
      }),
    );
  });
  const sent = () => asked.filter((request) => request.plan_token !== null);

  it("looks at each change, and one that fails stands beside the others", async () => {
    const looked = await lookAll([entry(1, "a"), entry(2, "gone"), entry(3, "b")]);
    expect(looked.map((one) => one.outcome?.plan_token)).toEqual(["token-a", undefined, "token-b"]);
    expect(sent()).toEqual([]);
  });

  it("applies what was shown in order, and ends with the first that moved", async () => {
    const looked = await lookAll([entry(1, "a"), entry(2, "moved"), entry(3, "b")]);
    const applied: number[] = [];
    const failure = await applyAll(looked, (one) => applied.push(one.id));
    expect(applied).toEqual([1]);
    expect(failure?.entry.id).toBe(2);
    expect(failure?.error).toBeDefined();
    expect(sent().map((request) => request.plan_token)).toEqual(["token-a", "token-moved"]);
  });

  it("looks at the next one again before it is sent: what came before may have moved its rows", async () => {
    const looked = await lookAll([entry(1, "a"), entry(2, "b"), entry(3, "c")]);
    answer = ({ users: [user = ""] }) => outcome(user, user === "b" ? "token-anew" : `token-${user}`);
    const applied: number[] = [];
    const stopped = await applyAll(looked, (one) => applied.push(one.id));
    expect(applied).toEqual([1]);
    expect(stopped).toMatchObject({ entry: { id: 2 }, error: undefined });
    expect(sent().map((request) => request.users)).toEqual([["a"]]);
  });

  it("sends the same decision again after a lost reply, so that it happens once", async () => {
    const tray = [entry(1, "a")];
    answer = ({ plan_token }) => {
      if (plan_token !== null) throw LOST;
      return outcome("a", "token-a");
    };
    const lost = await applyAll(await lookAll(tray), () => undefined);
    expect(lost?.error).toBeDefined();
    // It had arrived: asked again, the server answers with what was stored.
    answer = () => ({ ...outcome("a", "token-a"), is_applied: true });
    const applied: number[] = [];
    expect(await applyAll(await lookAll(tray), (one) => applied.push(one.id))).toBeUndefined();
    expect(applied).toEqual([1]);
    expect(new Set(asked.map((request) => request.intent))).toEqual(new Set(["intent-1"]));
  });

  it("decides anew only where the rows moved before anything was done", async () => {
    answer = ({ intent }) => {
      if (intent === "intent-1") throw { code: "conflict", message: "m", hint: "h" };
      return outcome("a", "token-a");
    };
    const [looked] = await lookAll([entry(1, "a")]);
    expect(looked?.outcome?.plan_token).toBe("token-a");
    expect(looked?.entry.intent).not.toBe("intent-1");
  });
});
