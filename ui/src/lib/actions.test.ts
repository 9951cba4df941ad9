import { describe, expect, it } from "vitest";
import { type Action, findActions, isSingleKey, shellWord } from "./actions";

const action = (title: string, group: Action["group"] = "Go to"): Action => ({
  id: title,
  title,
  group,
  icon: "search",
  run: () => undefined,
});

describe("the registry", () => {
  it("finds actions by any words, titles that start so first", () => {
    const actions = [
      action("Compare every row with the server", "Sync"),
      action("Sync"),
      action("Sync now", "Sync"),
    ];
    expect(findActions(actions, "sync").map((found) => found.title)).toEqual([
      "Sync",
      "Sync now",
      "Compare every row with the server",
    ]);
    expect(findActions(actions, "sync server")).toHaveLength(1);
    expect(findActions(actions, "nothing such")).toHaveLength(0);
  });

  it.each([
    ["g h", true],
    ["?", true],
    ["$mod+k", false],
  ])("%s single: %s", (keys, isSingle) => {
    expect(isSingleKey(keys)).toBe(isSingle);
  });

  it.each([
    ["Tidemark", "Tidemark"],
    ["Europe/Berlin", "Europe/Berlin"],
    ["Sample company", "'Sample company'"],
    ["it's; rm -rf", "'it'\\''s; rm -rf'"],
    ["", "''"],
  ])("quotes %j for a shell", (text, quoted) => {
    expect(shellWord(text)).toBe(quoted);
  });
});
