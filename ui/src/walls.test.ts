import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(process.cwd(), "src");
const files = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((file) => /\.tsx?$/.test(file) && !file.includes("generated"))
  .map((file) => file.replaceAll("\\", "/"));

/** What a file imports, as paths below src or as package names. */
function imports(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  const found = [...text.matchAll(/(?:from|import)\s*\(?\s*["']([^"']+)["']/g)].map(
    (match) => match[1] ?? "",
  );
  return found.map((name) => {
    if (name.startsWith("@/")) return name.slice(2);
    if (name.startsWith(".")) return relative(root, join(root, file, "..", name)).replaceAll("\\", "/");
    return name;
  });
}

const isTest = (file: string) => file.startsWith("testing/") || /\.test\.tsx?$/.test(file);
const layer = (path: string) => path.split("/")[0] ?? "";
const feature = (path: string) => (layer(path) === "features" ? path.split("/")[1] : undefined);

/** Who may import whom; a layer may always import itself. */
const MAY: Record<string, string[]> = {
  app: ["features", "api", "components", "charts", "lib", "platform"],
  features: ["api", "components", "charts", "lib", "platform"],
  charts: ["api", "components", "lib"],
  components: ["api", "lib"],
  lib: ["api", "components"],
  api: ["platform"],
  platform: ["api"],
};

function violations(isWrong: (file: string, imported: string) => boolean): string[] {
  return files
    .filter((file) => !isTest(file))
    .flatMap((file) =>
      imports(file)
        .filter((imported) => isWrong(file, imported))
        .map((imported) => `${file} imports ${imported}`),
    );
}

describe("the walls", () => {
  it("sees the whole interface", () => {
    expect(files.length).toBeGreaterThan(60);
    expect(imports("app/router.tsx")).toContain("features/overview/overview-view");
  });

  it("keep features apart", () => {
    expect(
      violations(
        (file, imported) => !!feature(file) && !!feature(imported) && feature(file) !== feature(imported),
      ),
    ).toEqual([]);
  });

  it("let layers look down only", () => {
    expect(
      violations((file, imported) => {
        const from = layer(file);
        const to = layer(imported);
        return from in MAY && to in MAY && from !== to && !MAY[from]?.includes(to);
      }),
    ).toEqual([]);
  });

  it("leave the desktop shell's packages to platform/", () => {
    expect(
      violations((file, imported) => imported.startsWith("@tauri-apps/") && layer(file) !== "platform"),
    ).toEqual([]);
  });

  it("leave calling to api/call.ts", () => {
    const callers = files.filter(
      (file) => !isTest(file) && /\.rpc\(/.test(readFileSync(join(root, file), "utf8")),
    );
    expect(callers).toEqual(["api/call.ts"]);
  });

  it("keep what is only for tests out of the product", () => {
    // main.tsx loads the fake in development, behind a condition that the build removes.
    expect(violations((file, imported) => imported.startsWith("testing/") && file !== "main.tsx")).toEqual(
      [],
    );
  });
});
