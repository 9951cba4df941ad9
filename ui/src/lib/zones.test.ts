import { describe, expect, it } from "vitest";
import { zoneItems } from "./zones";

describe("the zones", () => {
  it("start with the current one, hold none twice, and carry present names", () => {
    const names = zoneItems("America/St_Johns").map((item) => item.id);
    expect(names[0]).toBe("America/St_Johns");
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(["UTC", "Asia/Kathmandu", "Asia/Kolkata", "Europe/Berlin"]));
    expect(names).not.toContain("Asia/Katmandu");
  });
});
