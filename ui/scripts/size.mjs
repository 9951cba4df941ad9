// Fails when the built interface outgrows its budgets (kB after gzip).
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));
const kilobytes = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length / 1000;
const files = readdirSync(new URL("assets/", dist)).map((name) => `assets/${name}`);
const sum = (list) => list.reduce((total, file) => total + kilobytes(file), 0);

// What the first frame loads: the entry, the interface it loads at once, and everything they import without `import()`.
const initial = new Set();
const visit = (key) => {
  const chunk = manifest[key];
  if (!chunk || initial.has(chunk.file)) return;
  initial.add(chunk.file);
  for (const next of chunk.imports ?? []) visit(next);
};
// What vite.config.ts puts into these two.
for (const name of ["entry", "interface"]) {
  const found = Object.entries(manifest).find(
    ([, chunk]) => chunk.name === name && chunk.file.endsWith(".js"),
  );
  if (!found) throw new Error(`No chunk is named ${name}; see firstChunk in vite.config.ts.`);
  visit(found[0]);
}

const rows = [
  ["initial JS", sum([...initial]), 260],
  ["total JS", sum(files.filter((file) => file.endsWith(".js"))), 650],
  ["CSS", sum(files.filter((file) => file.endsWith(".css"))), 40],
  // Every subset is a file of its own; a reader loads the Latin ones only.
  [
    "fonts, Latin",
    sum(
      files.filter((file) => /latin-(wght|standard)[^/]*\.woff2$/.test(file) && !file.includes("latin-ext")),
    ),
    120,
  ],
];
let isOver = false;
for (const [name, size, budget] of rows) {
  isOver ||= size > budget;
  console.log(
    `${name.padEnd(14)} ${size.toFixed(1).padStart(7)} kB of ${budget} kB${size > budget ? "  OVER" : ""}`,
  );
}
if (isOver) process.exit(1);
