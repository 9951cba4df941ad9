import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { test as base, expect, type Page } from "@playwright/test";

const root = fileURLToPath(new URL("../..", import.meta.url));
const binary = process.env.STEWARD_DEVSERVER_BIN ?? join(root, "target/debug/devserver");

/** Addresses of databases, most of which something is wrong with; passwords are in them. */
export interface Trouble {
  /** Nothing is wrong here. */
  company: string;
  /** Its login, and its superuser's address, to change what is right. */
  login: string;
  owner: string;
  without_rights: string;
  empty: string;
  newer: string;
  /** Speaks TLS, with a certificate of the authority in this file. */
  encrypted: string;
  authority: string;
}

/** A running back end. */
export interface Devserver {
  /** Where it answers. */
  url: string;
  /** What `--trouble` made. */
  trouble: Trouble | null;
  /** Its folder of data. */
  home: string;
  /** Ends it and waits until it is gone. */
  stop(): Promise<void>;
}

/** Starts the real back end; it answers once this resolves. */
export async function startDevserver(
  args: string[],
  home = mkdtempSync(join(tmpdir(), "steward-e2e-")),
): Promise<Devserver> {
  // PostgreSQL never runs as root: its user may enter, so that the sample's server lies here and goes with the folder.
  chmodSync(home, 0o755);
  mkdirSync(join(home, "data"), { recursive: true, mode: 0o755 });
  // A passphrase file keeps secrets between two runs in one folder, without a desktop's keyring.
  const passphrase = join(home, "passphrase");
  writeFileSync(passphrase, "correct horse battery staple\n", { flag: "w", mode: 0o600 });
  const child = spawn(
    binary,
    ["--home", join(home, "data"), "--ui", join(root, "ui/dist"), "--secrets", "environment", ...args],
    {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, STEWARD_PASSPHRASE_FILE: passphrase },
    },
  );
  const told = await firstLine(child);
  return {
    url: told.url.replace(/\/$/, ""),
    trouble: told.trouble,
    home,
    stop: () =>
      new Promise((resolve) => {
        child.once("exit", () => resolve());
        child.kill("SIGTERM");
      }),
  };
}

/** The one JSON line that the devserver prints. */
function firstLine(child: ChildProcess): Promise<Pick<Devserver, "url" | "trouble">> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${binary} ended with ${code} before it answered`)));
    if (!child.stdout) return reject(new Error("the devserver has no output"));
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith("{")) resolve(JSON.parse(line));
    });
  });
}

/** Removes a server's folder. */
export function removeHome(server: Devserver): void {
  rmSync(server.home, { recursive: true, force: true });
}

/** Journeys share one back end with the small sample company; the first run has one of its own. */
export const test = base.extend<object, { sample: Devserver }>({
  sample: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright wants a pattern here
    async ({}, use) => {
      const server = await startDevserver(["--sample", "small"]);
      await use(server);
      await server.stop();
      removeHome(server);
    },
    { scope: "worker", timeout: 300_000 },
  ],
});

/** Opens a view and waits until the copy equals the server. */
export async function openSynced(page: Page, server: Devserver, path = "/"): Promise<void> {
  await page.goto(`${server.url}/#/sync`);
  await expect(page.getByText(/^All \d+ datasets are consistent/)).toBeVisible({ timeout: 180_000 });
  await page.goto(`${server.url}/#${path}`);
}

/** Lets changes be made, if they are not allowed yet. */
export async function unlockWriting(page: Page): Promise<void> {
  const lock = page.getByRole("button", { name: "Lock now" });
  const readOnly = page.getByRole("button", { name: "Read-only", exact: true });
  await expect(lock.or(readOnly)).toBeVisible();
  if (await readOnly.isVisible()) {
    await readOnly.click();
    await page.getByRole("button", { name: "Unlock writing" }).click();
  }
  await expect(lock).toBeVisible();
}

export { expect };
