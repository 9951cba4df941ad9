// Writes src/tokens.css and the command line's colours from design/tokens.json, the one source of colours,
// sizes and times. `--check` fails instead when a file on disk differs.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const source = new URL("../../design/tokens.json", import.meta.url);

/** The style sheet that belongs to a set of tokens. */
export function stylesheet(tokens) {
  const line = (name, value) => `  --${name}: ${value};`;
  const block = (selector, lines) => `${selector} {\n${lines.join("\n")}\n}\n`;
  const colors = (theme) => [
    ...Object.entries(tokens.color[theme]).map(([name, value]) => line(`color-${name}`, value)),
    ...tokens.chart[theme].map((value, index) => line(`chart-${index + 1}`, value)),
    line("chart-other", tokens.chart.other[theme]),
    line("chart-grid", tokens.chart.grid[theme]),
    line("chart-axis", tokens.chart.axis[theme]),
    ...tokens.chart.heat[theme].map((value, index) => line(`heat-${index + 1}`, value)),
    ...tokens.chart.heat[`${theme}-text`].map((value, index) => line(`heat-${index + 1}-text`, value)),
  ];
  const pixels = (prefix, entries, without = []) =>
    Object.entries(entries)
      .filter(([name, value]) => typeof value === "number" && !without.includes(name))
      .map(([name, value]) => line(`${prefix}${name}`, `${value}px`));
  const density = (name) =>
    Object.entries(tokens.density[name]).map(([key, value]) =>
      line(key === "font" ? "font-size" : key, `${value}px`),
    );
  const shared = [
    ...tokens.chart.dash.map((value, index) => line(`chart-${index + 1}-dash`, value)),
    line("chart-previous-dash", tokens.chart.previous.dash),
    line("chart-previous-opacity", tokens.chart.previous.opacity),
    ...pixels("space-", tokens.space),
    line("font-sans", tokens.type.sans),
    line("font-mono", tokens.type.mono),
    ...Object.entries(tokens.type.size).flatMap(([name, [size, height]]) => [
      line(`text-${name}`, `${size}px`),
      line(`text-${name}-line`, `${height}px`),
    ]),
    ...Object.entries(tokens.type.weight).map(([name, value]) => line(`weight-${name}`, value)),
    ...pixels("radius-", tokens.radius),
    // Break points cannot be read from a variable, spans are counts.
    ...pixels("layout-", tokens.layout, ["collapse-below", "tight-below", "columns", "kpi-span"]),
    ...["in", "out", "drawer"].map((name) => line(`motion-${name}`, tokens.motion[name])),
    line("motion-ease", tokens.motion.ease),
  ];
  const strong = ["border", "border-soft"].map((name) => line(`color-${name}`, "var(--color-border-strong)"));
  const plain = ["text-2", "text-3"].map((name) => line(`color-${name}`, "var(--color-text)"));
  const still = ["in", "out", "drawer"].map((name) => line(`motion-${name}`, tokens.motion.reduced));
  const indent = (text) => text.trimEnd().replace(/^/gm, "  ");
  return [
    "/* Generated from design/tokens.json by `npm run tokens`. Do not edit. */\n",
    block(":root", ["  color-scheme: light;", ...colors("light"), ...shared]),
    block(':root,\n[data-density="default"]', density("default")),
    block('[data-density="compact"]', density("compact")),
    block('[data-density="comfortable"]', density("comfortable")),
    block('[data-theme="dark"]', ["  color-scheme: dark;", ...colors("dark")]),
    `@media (prefers-contrast: more) {\n${indent(block(':root,\n[data-theme="dark"]', [...strong, ...plain]))}\n}\n`,
    `@media (prefers-reduced-motion: reduce) {\n${indent(block(":root", still))}\n}\n`,
  ].join("");
}

/** The command line's colours as Rust: of each the theme whose value reads on a light and a dark terminal. */
export function terminalColours(tokens) {
  const constant = ([name, place]) => {
    const [theme, token] = place.split(".");
    const parts = tokens.color[theme][token].match(/[0-9A-F]{2}/g).map((part) => `0x${part}`);
    return [
      `/// \`${place}\` of the design.`,
      `pub(crate) const ${name.toUpperCase()}: RgbColor = RgbColor(${parts.join(", ")});`,
    ].join("\n");
  };
  return [
    "//! Generated from design/tokens.json by `npm run tokens`. Do not edit.\n\nuse anstyle::RgbColor;\n",
    Object.entries(tokens.terminal).map(constant).join("\n"),
    "",
  ].join("\n");
}

/** Every generated file with what belongs into it. */
export const TARGETS = [
  [new URL("../src/tokens.css", import.meta.url), stylesheet],
  [new URL("../../crates/steward-cli/src/render/tokens.rs", import.meta.url), terminalColours],
];

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const tokens = JSON.parse(readFileSync(source, "utf8"));
  for (const [target, write] of TARGETS) {
    if (!process.argv.includes("--check")) {
      writeFileSync(target, write(tokens));
    } else if (readFileSync(target, "utf8") !== write(tokens)) {
      console.error(`${fileURLToPath(target)} differs from design/tokens.json: run \`npm run tokens\`.`);
      process.exitCode = 1;
    }
  }
}
