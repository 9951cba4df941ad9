import { describe, expect, it } from "vitest";
import { maskUrl, nameFromUrl, unmaskUrl, urlProblem } from "./model";

const URL = "postgresql://steward_ro:s3cret@db.tidemark.example:5432/app";

describe("the connection URL", () => {
  it("never shows its password", () => {
    expect(maskUrl(URL)).toBe("postgresql://steward_ro:••••••@db.tidemark.example:5432/app");
    expect(maskUrl("postgresql://db.example/app")).toBe("postgresql://db.example/app");
  });

  it("keeps the password while the rest is edited", () => {
    const shown = maskUrl(URL).replace("5432", "6543");
    expect(unmaskUrl(shown, URL)).toBe(URL.replace("5432", "6543"));
  });

  it("takes a new URL as it is pasted", () => {
    expect(unmaskUrl("postgresql://a:b@c/d", URL)).toBe("postgresql://a:b@c/d");
  });

  it.each([
    ["", "Paste"],
    ["mysql://x", "postgresql://"],
    ["postgresql://", "host"],
  ])("%j has a problem", (url, words) => {
    expect(urlProblem(url)).toContain(words);
  });

  it("is fine otherwise", () => {
    expect(urlProblem(URL)).toBeUndefined();
    expect(urlProblem("postgres://localhost/app")).toBeUndefined();
  });

  it.each([
    [URL, "Tidemark"],
    ["postgresql://u:p@aws-0-eu.pooler.supabase.com:6543/postgres", "Supabase"],
    ["postgresql://u@localhost/app", "Local"],
    ["postgresql://u@127.0.0.1/app", "Local"],
    ["", ""],
  ])("%s gives the name %s", (url, name) => {
    expect(nameFromUrl(url)).toBe(name);
  });
});
