import { describe, expect, it } from "vitest";
import { isLogin, rightLines } from "./model";

describe("operators", () => {
  it("reads who can do what out of the command table", () => {
    const of = (name: string) => rightLines().find((line) => line.name === name);
    expect(of("user_suspend")?.may).toEqual({ viewer: false, finance: false, support: true, admin: true });
    expect(of("usage_cleanup")?.may).toEqual({ viewer: false, finance: false, support: false, admin: true });
    expect(rightLines().every((line) => line.doc.length > 0)).toBe(true);
    expect(of("user_list")).toBeUndefined();
  });

  it("knows what the server takes for a login", () => {
    expect(["ada", "ada_2"].every(isLogin)).toBe(true);
    expect(["Ada", "2ada", "ada lovelace", "pg_ada", "steward_ada", "", "a".repeat(64)].some(isLogin)).toBe(
      false,
    );
  });
});
