import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { expectNoViolations } from "./axe";
import {
  type Devserver,
  expect,
  openSynced,
  removeHome,
  startDevserver,
  type Trouble,
  test,
} from "./devserver";

// Real databases that something is wrong with, and one that nothing is wrong with.
let server: Devserver;
let trouble: Trouble;

test.beforeAll(async () => {
  test.setTimeout(120_000);
  server = await startDevserver(["--trouble"]);
  if (!server.trouble) throw new Error("the devserver made no databases");
  trouble = server.trouble;
});

test.afterAll(async () => {
  await server.stop();
  removeHome(server);
});

/** What the window would ask, without the window. */
async function rpc<Answer>(at: Devserver, command: string, request: unknown = null): Promise<Answer> {
  const response = await fetch(`${at.url}/rpc`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ command, request, preview: false }),
  });
  const answer = (await response.json()) as { ok?: Answer; error?: { message: string } };
  if (answer.error) throw new Error(`${command}: ${answer.error.message}`);
  return answer.ok as Answer;
}

/** Changes something on the server, as whoever owns it. */
function psql(statement: string): void {
  execFileSync("psql", ["--quiet", "--set", "ON_ERROR_STOP=1", "--command", statement, trouble.owner]);
}

/** A picture in both themes, and what axe finds in them: nothing. */
async function look(page: Page, name: string): Promise<void> {
  for (const theme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    const folder = process.env.STEWARD_PICTURES;
    if (folder) await page.screenshot({ path: join(folder, `${name}-${theme}.png`) });
    await expectNoViolations(page);
  }
}

interface Case {
  name: string;
  url: (from: Trouble) => string;
  /** The step that fails. */
  step: string;
  code: string;
  /** What happened, and what to do. */
  said: RegExp;
  next: RegExp;
}

const CANARY = "canary-password";

const CASES: Case[] = [
  {
    name: "a wrong password",
    url: ({ company }) => company.replace(/:[^:@]+@/, `:${CANARY}@`),
    step: "Login",
    code: "auth",
    said: /refused the login or its password/,
    next: /Enter the password again\./,
  },
  {
    name: "a database that is not there",
    url: ({ company }) => company.replace(/\/test_[0-9a-f]+/, "/no_such_database"),
    step: "Login",
    code: "database_missing",
    said: /The server has no such database\./,
    next: /Check the database name/,
  },
  {
    name: "a host that has no address",
    url: () => `postgresql://me:${CANARY}@no-such-host.invalid/app`,
    step: "Name lookup",
    code: "name_lookup",
    said: /No address is known for no-such-host\.invalid/,
    next: /Check the host name for a typing error/,
  },
  {
    name: "a port that nothing listens on",
    url: () => `postgresql://me:${CANARY}@127.0.0.1:9/app?sslmode=disable`,
    step: "Connection",
    code: "offline",
    said: /Nothing listens on 127\.0\.0\.1:9/,
    next: /Check host, port and network/,
  },
  {
    name: "a server without TLS",
    url: ({ company }) => company.replace("sslmode=disable", "sslmode=verify-full"),
    step: "Encryption",
    code: "tls",
    said: /does not offer TLS/,
    next: /Turn TLS on at the server/,
  },
  {
    name: "a certificate of an authority nobody knows",
    url: ({ encrypted }) => encrypted,
    step: "Encryption",
    code: "tls",
    said: /Tidemark's own authority/,
    next: /choose the CA file/,
  },
  {
    name: "a database without the schema",
    url: ({ empty }) => empty,
    step: "Steward's schema",
    code: "schema_missing",
    said: /does not have Steward's schema/,
    next: /steward db install/,
  },
  {
    name: "a newer schema",
    url: ({ newer }) => newer,
    step: "Steward's schema",
    code: "schema_newer",
    said: /newer than this Steward/,
    next: /Install a newer Steward/,
  },
  {
    name: "a login without rights",
    url: ({ without_rights }) => without_rights,
    step: "Role",
    code: "permission",
    said: /member of no console role/,
    next: /Ask an admin/,
  },
];

test("whatever is wrong with a connection is told with its code and what to do, and nothing typed is lost", async ({
  page,
}) => {
  test.setTimeout(180_000);
  await page.goto(server.url);
  await page.getByRole("radio", { name: /Connect your database/ }).click();
  const field = page.getByLabel("Connection URL");
  const bad = page.locator(".checks .bad");
  await page.getByLabel("Workspace name").fill("Tidemark");
  await page.getByRole("radio", { name: "Staging" }).click();
  const told = new Set<string>();
  for (const { name, url, step, code, said, next } of CASES) {
    await test.step(name, async () => {
      const address = url(trouble);
      await field.fill(address);
      await page.getByRole("button", { name: "Run checks" }).click();
      await expect(bad, name).toHaveCount(1, { timeout: 30_000 });
      await expect.soft(bad.locator(".cn"), name).toContainText(step);
      await expect.soft(bad.locator(".cd"), name).toHaveText(said);
      await expect.soft(bad.locator(".why"), name).toContainText(next);
      await expect.soft(bad.locator(".why-c"), name).toHaveText(code);
      await expect.soft(page.locator("body")).not.toContainText(CANARY);
      await expect(page.getByRole("button", { name: "Add workspace" })).toBeDisabled();
      // What was typed is still there, the password behind its dots.
      await page.getByRole("button", { name: "Show password" }).click();
      await expect(field).toHaveValue(address);
      await page.getByRole("button", { name: "Hide password" }).click();
      await expect(page.getByLabel("Workspace name")).toHaveValue("Tidemark");
      await expect(page.getByRole("radio", { name: "Staging" })).toBeChecked();
      told.add(`${code}: ${await bad.locator(".cd").textContent()}`);
      await look(page, `connect-${name.replaceAll(" ", "-")}`);
    });
  }
  expect(told.size, "each has a sentence of its own").toBe(CASES.length);
  expect(await rpc<{ rows: unknown[] }>(server, "workspace_list")).toEqual({ rows: [] });

  // The authority's own certificate makes the same server trusted, and the right password opens the company.
  await field.fill(trouble.encrypted);
  await page.getByRole("button", { name: "Use an own CA certificate" }).click();
  await page.getByLabel("CA certificate file").fill(trouble.authority);
  await page.getByRole("button", { name: "Run checks" }).click();
  await expect(page.getByRole("button", { name: "Add workspace" })).toBeEnabled({ timeout: 30_000 });
  await page.getByLabel("CA certificate file").fill("");
  await field.fill(trouble.company);
  await page.getByRole("button", { name: "Run checks" }).click();
  await page.getByRole("button", { name: "Add workspace" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
  await expect(page.getByRole("button", { name: /^Workspace Tidemark, Staging/ })).toBeVisible();
});

test("a password that became wrong is told, the numbers stay, and a new one goes on", async ({ page }) => {
  test.setTimeout(120_000);
  const request = { name: "Tidemark", url: trouble.company, environment: "staging" };
  await rpc(server, "workspace_add", request);
  await openSynced(page, server, "/users");
  const grid = page.getByRole("grid", { name: "Users" });
  await expect(grid).toHaveAttribute("aria-rowcount", "21");
  psql(
    `alter role ${trouble.login} password 'second';
     insert into steward.users (email, name) values ('later@example.com', 'Later');
     select pg_terminate_backend(pid) from pg_stat_activity where usename = '${trouble.login}'`,
  );
  try {
    const banner = page.getByRole("alert").filter({ hasText: "refused the login or its password" });
    await expect(banner).toContainText("auth", { timeout: 60_000 });
    await expect(banner).toContainText("Enter the password again.");
    await expect(page.getByText(/Can’t reach the database/)).toHaveCount(0);
    await expect(grid, "the numbers stay").toHaveAttribute("aria-rowcount", "21");
    await expect(
      page.getByRole("button", { name: /as of \d\d:\d\d:\d\d\. Change time zone$/ }),
    ).toBeVisible();
    await look(page, "password-banner");

    await page.getByRole("link", { name: "Sync", exact: true }).click();
    const failure = page.getByRole("alert").filter({ hasText: "The last look at the server failed" });
    await expect(failure).toContainText("refused the login or its password");
    await look(page, "password-sync");
    await failure.getByRole("button", { name: "Enter password…" }).click();
    const dialog = page.getByRole("dialog", { name: "Enter the password" });
    const field = dialog.getByLabel("Password");
    await expect(field).toBeFocused();
    await field.fill("third");
    await page.keyboard.press("Enter");
    await expect(dialog.getByRole("alert")).toContainText("refused the login or its password");
    await expect(dialog.getByRole("alert")).toContainText("auth");
    await expect(field, "a typing error is mended, not typed again").toHaveValue("third");
    await look(page, "password-dialog");
    await field.fill("second");
    await page.keyboard.press("Enter");
    await expect(dialog).toHaveCount(0);
    await expect(failure).toHaveCount(0, { timeout: 60_000 });
    await page.goto(`${server.url}/#/users`);
    await expect(grid, "what came meanwhile").toHaveAttribute("aria-rowcount", "22");
    // A start with a wrong password is a refusal, too, and no server out of reach.
    psql(`alter role ${trouble.login} password 'fourth'`);
    const wrong = trouble.company.replace(/:[^:@]+@/, `:${CANARY}@`);
    await rpc(server, "workspace_add", { ...request, url: wrong });
    await expect(banner).toContainText("auth", { timeout: 60_000 });
    await expect(page.getByText(/Can’t reach the database/)).toHaveCount(0);
    await expect(grid, "the copy is the same one").toHaveAttribute("aria-rowcount", "22");
  } finally {
    const first = /:([^:@]+)@/.exec(trouble.company)?.[1];
    psql(
      `alter role ${trouble.login} password '${first}'; delete from steward.users where email = 'later@example.com'`,
    );
  }
});

/** Where a workspace's copy lies. */
const copyOf = (at: Devserver, id: string) => join(at.home, "data/caches", `${id}.db`);

/** Bytes of a page of the copy. */
const PAGE = 8_192;

interface Damage {
  name: string;
  code: string;
  said: RegExp;
  next: RegExp;
  /** What lies where the copy was; nothing where it is the key that goes. */
  bytes?: (copy: Buffer, others: Buffer) => Buffer;
}

const DAMAGES: Damage[] = [
  {
    name: "bytes that are wrong",
    code: "cache_corrupt",
    said: /The local copy is damaged\./,
    next: /the damaged file is put aside and nothing else is lost/,
    bytes: (copy) => {
      const broken = Buffer.from(copy);
      for (let at = PAGE; at < broken.length; at += PAGE) broken.fill(0x5a, at, at + PAGE / 2);
      return broken;
    },
  },
  {
    name: "half of it missing",
    code: "cache_corrupt",
    said: /The local copy is damaged\./,
    next: /the damaged file is put aside and nothing else is lost/,
    bytes: (copy) => copy.subarray(0, Math.floor(copy.length / 2 / PAGE) * PAGE),
  },
  {
    name: "a file of something else",
    code: "cache_foreign",
    said: /no local copy of Steward's/,
    next: /Put the right file back/,
    bytes: () => Buffer.from("no copy of anything"),
  },
  {
    name: "the copy of another workspace",
    code: "cache_foreign",
    said: /belongs to another workspace, other\./,
    next: /Put the right file back/,
    bytes: (_, others) => others,
  },
  {
    name: "a copy under another key",
    code: "cache_key",
    said: /does not open with this workspace's key/,
    next: /it is read again from the server/,
    bytes: (_, others) => Buffer.from(others.map((byte) => byte ^ 0x5a)),
  },
  {
    name: "its key gone",
    code: "cache_key",
    said: /The key of this workspace's copy is not where secrets are kept/,
    next: /it is read again from the server/,
  },
];

test.describe("a copy that cannot be used", () => {
  let home: string;
  let ids: { acme: string; other: string };

  test.beforeAll(async () => {
    test.setTimeout(120_000);
    const first = await startDevserver([]);
    home = first.home;
    const add = async (name: string) => {
      const request = { name, url: trouble.company, environment: "development" };
      const { id } = await rpc<{ id: string }>(first, "workspace_add", request);
      await rpc(first, "sync_run");
      return id;
    };
    ids = { acme: await add("acme"), other: await add("other") };
    await first.stop();
  });

  test.afterAll(() => rmSync(home, { recursive: true, force: true }));

  for (const { name, code, said, next, bytes } of DAMAGES) {
    test(`${name}: the window says so, keeps it, and reads it anew on request`, async ({ page }) => {
      test.setTimeout(120_000);
      let running = await startDevserver([], home);
      await rpc(running, "workspace_use", { workspace: "acme" });
      await running.stop();
      const copy = copyOf(running, ids.acme);
      for (const ending of ["-wal", "-shm"]) rmSync(`${copy}${ending}`, { force: true });
      const whole = readFileSync(copy);
      const found = bytes ? bytes(whole, readFileSync(copyOf(running, ids.other))) : whole;
      writeFileSync(copy, found);
      if (!bytes)
        for (const file of readdirSync(join(home, "data")).filter((entry) => entry.startsWith("secrets")))
          rmSync(join(home, "data", file), { recursive: true });
      running = await startDevserver([], home);
      try {
        await page.goto(running.url);
        const failure = page.getByRole("alert").filter({ hasText: "The copy of acme cannot be used" });
        await expect(failure).toContainText(said);
        await expect(failure).toContainText(next);
        await expect(failure).toContainText(code);
        await expect(page.getByRole("alert"), "once, and not in every panel").toHaveCount(1);
        await look(page, `copy-${name.replaceAll(" ", "-")}`);
        // Every view that reads the copy says the same; the others work.
        await page.getByRole("link", { name: "Users", exact: true }).click();
        await expect(failure).toContainText(code);
        await page.getByRole("button", { name: "Try again" }).click();
        await expect(failure).toContainText(code);
        await page.getByRole("link", { name: "Settings", exact: true }).click();
        await expect(page.getByRole("radiogroup", { name: "Theme" })).toBeVisible();
        await page.getByRole("link", { name: "Users", exact: true }).click();
        expect(readFileSync(copy).equals(found), "nobody touched the file").toBe(true);

        const switchTo = async (workspace: string) => {
          await page.getByRole("button", { name: /Switch workspace$/ }).click();
          await page.getByRole("menuitemradio", { name: new RegExp(`^${workspace}`) }).click();
        };
        const grid = page.getByRole("grid", { name: "Users" });
        if (bytes) {
          await switchTo("other");
          await expect(grid, "the other workspace is not affected").toHaveAttribute("aria-rowcount", "21");
          await switchTo("acme");
        }
        await failure.getByRole("button", { name: "Rebuild copy…" }).click();
        const dialog = page.getByRole("dialog", { name: "Rebuild the local copy" });
        await expect(dialog).toContainText("Nothing is deleted.");
        if (name === "bytes that are wrong") await look(page, "copy-rebuild");
        await dialog.getByRole("button", { name: "Rebuild copy" }).click();
        await expect(failure).toHaveCount(0);
        if (!bytes) {
          // The password was kept in the same place as the key.
          await page.getByRole("button", { name: "Enter password…" }).first().click();
          await page
            .getByRole("dialog")
            .getByLabel("Password")
            .fill(/:([^:@]+)@/.exec(trouble.company)?.[1] ?? "");
          await page.keyboard.press("Enter");
        }
        await expect(grid, "everything was read again").toHaveAttribute("aria-rowcount", "21");
        const beside = readdirSync(join(home, "data/caches"))
          .filter((file) => file.includes("damaged"))
          .some((file) => readFileSync(join(home, "data/caches", file)).equals(found));
        expect(beside, "what was there lies beside it").toBe(true);
        expect(existsSync(copy)).toBe(true);
      } finally {
        await running.stop();
      }
    });
  }
});
