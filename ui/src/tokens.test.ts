import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { stylesheet, terminalColours } from "../scripts/tokens.mjs";

const tokens = JSON.parse(readFileSync(join(process.cwd(), "../design/tokens.json"), "utf8"));
const css = readFileSync(join(process.cwd(), "src/tokens.css"), "utf8");

/** WCAG contrast of two colours written #RRGGBB. */
function contrast(a: string, b: string): number {
  const luminance = (hex: string) => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
      const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

describe("the tokens", () => {
  it("are what src/tokens.css holds: run `npm run tokens` after a change", () => {
    expect(css).toBe(stylesheet(tokens));
  });

  it("are the command line's colours, readable on a light and a dark terminal", () => {
    const rust = readFileSync(join(process.cwd(), "../crates/steward-cli/src/render/tokens.rs"), "utf8");
    expect(rust).toBe(terminalColours(tokens));
    for (const place of Object.values<string>(tokens.terminal)) {
      const [theme = "", token = ""] = place.split(".");
      const colour = tokens.color[theme][token];
      for (const ground of ["#FFFFFF", "#000000"]) {
        expect(contrast(colour, ground), `${place} on ${ground}`).toBeGreaterThanOrEqual(3);
      }
    }
  });

  it.each(["light", "dark"])("keep text readable in the %s theme", (theme) => {
    const color = tokens.color[theme];
    for (const text of ["text", "text-2", "text-3", "link", "success", "warning", "danger", "info"]) {
      for (const ground of ["canvas", "surface", "hover", "selected"]) {
        expect(contrast(color[text], color[ground]), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
      }
    }
  });

  it.each(["light", "dark"] as const)("keep chart colours visible in the %s theme", (theme) => {
    for (const fill of tokens.chart[theme]) {
      expect(contrast(fill, tokens.color[theme].surface), fill).toBeGreaterThanOrEqual(3);
    }
  });
});
