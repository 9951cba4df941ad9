import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { OverviewReq } from "@/api/generated/OverviewReq";
import type { SyncStatus } from "@/api/generated/SyncStatus";
import { fakePlatform } from "@/testing/fake-platform";
import { renderApp } from "@/testing/render-app";
import { overview, SYNC } from "@/testing/sample-data";

beforeEach(() => {
  document.documentElement.removeAttribute("data-theme");
});

describe("the overview", () => {
  it("shows the six numbers and says when they were read", async () => {
    renderApp({ platform: fakePlatform() });
    expect(await screen.findByRole("heading", { level: 1, name: "Overview" })).toBeTruthy();
    expect(await screen.findByRole("link", { name: /Active users\s*11,482/ })).toBeTruthy();
    expect(screen.getByRole("button", { name: /as of 14:02:11/ })).toBeTruthy();
    expect(document.title).toBe("Overview · Tidemark · PRODUCTION · Steward");
  });

  it("asks for every panel at once, not after the numbers have been drawn", async () => {
    const platform = fakePlatform();
    const rpc = platform.rpc;
    let answer = () => {};
    const isAnswered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    platform.rpc = async (command, request, isPreview) => {
      if (command === "overview_show") await isAnswered;
      return rpc(command, request, isPreview);
    };
    renderApp({ platform });
    await waitFor(() => expect(platform.calls).toContain("audit_list"));
    expect(platform.calls).not.toContain("overview_show");
    answer();
    const panel = await screen.findByRole("region", { name: "Last changes" });
    expect(within(panel).getByRole("table")).toBeTruthy();
  });

  it("makes the list of zones only where it is opened: it costs more than all the rest of the start", async () => {
    const list = vi.spyOn(Intl, "supportedValuesOf");
    const user = userEvent.setup();
    renderApp({ platform: fakePlatform() });
    const slot = await screen.findByRole("button", { name: /as of 14:02:11/ });
    expect(list).not.toHaveBeenCalled();
    await user.click(slot);
    await screen.findByRole("combobox", { name: "Time zone" });
    expect(list).toHaveBeenCalled();
    list.mockRestore();
  });

  it("keeps the other panels when one cannot be read", async () => {
    const failure = {
      code: "timeout",
      message: "The query ran for 15 s and was stopped.",
      hint: "Shorten the range.",
      detail: null,
      fields: [],
      is_retriable: true,
      id: "8f21c0",
    };
    renderApp({
      platform: fakePlatform({
        answers: {
          audit_list: () => {
            throw failure;
          },
        },
      }),
    });
    const panel = await screen.findByRole("region", { name: "Last changes" });
    const alert = await within(panel).findByRole("alert");
    expect(alert.textContent).toContain("Shorten the range.");
    expect(alert.textContent).toContain("timeout · op 8f21c0");
    expect(screen.getByRole("region", { name: "By plan" })).toBeTruthy();
  });

  it("moves a chart's cursor by keys, reads it out and opens its rows", async () => {
    const user = userEvent.setup();
    renderApp({ platform: fakePlatform() });
    const chart = await screen.findByRole("group", { name: /^Events per day/ });
    chart.focus();
    await user.keyboard("{Home}{ArrowRight}");
    await waitFor(() => expect(chart.textContent).toContain("Sat 24 Oct 2026: Events"));
    await user.keyboard("{Enter}");
    expect(await screen.findByRole("grid", { name: "Events" })).toBeTruthy();
    expect(screen.getByText(/59,912 events, 2026-10-24/)).toBeTruthy();
  });
});

describe("keys", () => {
  it("go to a view by two keys, unless single keys are off", async () => {
    const user = userEvent.setup();
    const platform = fakePlatform();
    renderApp({ platform });
    await screen.findByRole("heading", { level: 1, name: "Overview" });
    await user.keyboard("gu");
    expect(await screen.findByRole("heading", { level: 1, name: "Users" })).toBeTruthy();
  });

  it("run the palette without a mouse, and leave typed letters alone", async () => {
    const user = userEvent.setup();
    renderApp({ platform: fakePlatform() });
    await screen.findByRole("heading", { level: 1, name: "Overview" });
    await user.keyboard("{Control>}k{/Control}");
    const field = await screen.findByRole("combobox", { name: "Search or run" });
    await waitFor(() => expect(document.activeElement).toBe(field));
    await user.keyboard("audit log");
    expect(screen.getByText("steward audit list -w Tidemark")).toBeTruthy();
    await user.keyboard("{Enter}");
    expect(await screen.findByRole("heading", { level: 1, name: "Audit log" })).toBeTruthy();
  });

  it("change the range and keep it in the address", async () => {
    const user = userEvent.setup();
    const asked = vi.fn();
    const platform = fakePlatform();
    const rpc = platform.rpc;
    platform.rpc = (command, request, isPreview) => {
      if (command === "overview_show") asked((request as { range: string }).range);
      return rpc(command, request, isPreview);
    };
    renderApp({ platform });
    await screen.findByRole("link", { name: /Active users/ });
    await user.keyboard("w");
    await waitFor(() => expect(asked).toHaveBeenLastCalledWith("7d"));
    expect(window.location.hash).toContain("range=7d");
  });
});

describe("before the first cut", () => {
  it("shows how far the read is instead of numbers that are not true yet", async () => {
    const platform = fakePlatform({
      answers: {
        overview_show: (request) => ({
          ...overview(request as OverviewReq),
          freshness: { as_of: null, is_consistent: false },
        }),
        sync_status: (): SyncStatus => ({ ...SYNC, as_of: null, is_online: false, phase: "connecting" }),
      },
    });
    renderApp({ platform });
    const panel = await screen.findByRole("region", { name: "Reading the database for the first time" });
    expect(within(panel).getByRole("table")).toBeTruthy();
    expect(screen.queryByRole("region", { name: "Key numbers" })).toBeNull();
    expect(screen.queryByText(/Can’t reach the database/)).toBeNull();
    expect(platform.calls).not.toContain("first_numbers");
  });

  it("draws the days that are whole already, and nothing of the one that may be cut off", async () => {
    const whole = overview({} as OverviewReq);
    const activity = whole.activity.map((point, step) => (step < 10 ? { ...point, events: 0 } : point));
    renderApp({
      platform: fakePlatform({
        answers: {
          overview_show: () => ({
            ...whole,
            activity,
            freshness: { as_of: null, is_consistent: false },
          }),
          sync_status: (): SyncStatus => ({ ...SYNC, as_of: null, phase: "loading" }),
        },
      }),
    });
    await screen.findByText(`${activity.length - 11} days so far, newest first`);
    expect(screen.getByRole("region", { name: "Events per day" })).toBeTruthy();
  });

  it("shows no total in any other view either: half the rows are a wrong total", async () => {
    const platform = fakePlatform({
      answers: { sync_status: (): SyncStatus => ({ ...SYNC, as_of: null, phase: "loading" }) },
    });
    for (const view of ["/revenue", "/users", "/plans", "/usage"]) {
      const { unmount } = renderApp({ platform, at: `#${view}` });
      const panel = await screen.findByRole("region", { name: "Reading the database for the first time" });
      expect(screen.getAllByRole("table")).toEqual([within(panel).getByRole("table")]);
      expect(screen.getAllByRole("region").filter((region) => region.closest("main"))).toEqual([panel]);
      unmount();
    }
  });
});

describe("while a part of the copy is read", () => {
  it.each([
    [{ state: "loading", progress: 0.4 }, "Still being read: Plans, Usage events."],
    [{ state: "repairing", reason: "The table was truncated." }, "Being read again: Plans, Usage events."],
  ] as const)("says so above every view, since totals may be incomplete: %o", async (state, words) => {
    const datasets = SYNC.datasets.map((row, index) => (index === 0 ? { ...row, state } : row));
    renderApp({ platform: fakePlatform({ answers: { sync_status: () => ({ ...SYNC, datasets }) } }) });
    expect(await screen.findByText(`${words} Totals may be incomplete until that is done.`)).toBeTruthy();
  });
});

describe("when a read failed though the server answers", () => {
  it("says so above every view, with what to do and its code", async () => {
    const full = {
      code: "disk_full",
      message: "The disk is full: the local copy cannot grow.",
      hint: "Free some space, then sync again.",
      detail: null,
      fields: [],
      is_retriable: true,
      id: "1",
    } as const;
    const failed: SyncStatus = { ...SYNC, last_error: { ...full, fields: [] } };
    renderApp({ platform: fakePlatform({ answers: { sync_status: () => failed } }) });
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toContain("The disk is full");
    expect(alert.textContent).toContain("Free some space");
    expect(alert.textContent).toContain("disk_full");
    expect(screen.queryByText(/Can’t reach the database/)).toBeNull();
  });
});

describe("without a connection", () => {
  it("stays readable and says so once", async () => {
    const offline: SyncStatus = { ...SYNC, is_online: false, phase: "retrying" };
    renderApp({ platform: fakePlatform({ answers: { sync_status: () => offline } }) });
    await screen.findByRole("link", { name: /Active users\s*11,482/ });
    const said = await screen.findAllByText(/Can’t reach the database/);
    expect(said).toHaveLength(1);
    // What is kept on this computer, such as a closed month, can be changed all the same.
    expect(said[0]?.textContent).toContain("Nothing can be changed there until it’s back.");
  });
});

describe("the first run", () => {
  it("leads to the sample company and marks it", async () => {
    const user = userEvent.setup();
    renderApp({ platform: fakePlatform({ isFirstRun: true }) });
    await user.click(await screen.findByRole("button", { name: "Open the sample company" }));
    expect(await screen.findByRole("heading", { level: 1, name: "Overview" })).toBeTruthy();
    expect(screen.getByRole("note").textContent).toContain("Sample data");
  });

  it("opens the sample company by itself where that was asked for outside", async () => {
    renderApp({ platform: fakePlatform({ isFirstRun: true }), at: "#/setup?open=sample" });
    expect(await screen.findByRole("heading", { level: 1, name: "Overview" })).toBeTruthy();
    expect(screen.getByRole("note").textContent).toContain("Sample data");
  });

  it("masks the password and shows the failing step with what to do", async () => {
    const user = userEvent.setup();
    renderApp({ platform: fakePlatform({ isFirstRun: true }) });
    await user.click(await screen.findByRole("radio", { name: /Connect your database/ }));
    const field = screen.getByLabelText<HTMLInputElement>("Connection URL");
    await user.click(field);
    await user.paste("postgresql://steward_ro:s3cret@db.tidemark.example:5432/app");
    expect(field.value).not.toContain("s3cret");
    await user.click(screen.getByRole("button", { name: "Run checks" }));
    expect(await screen.findByText("The server’s certificate isn’t trusted")).toBeTruthy();
    expect(screen.getByRole<HTMLButtonElement>("button", { name: "Add workspace" }).disabled).toBe(true);
  });
});

describe("a change of plan", () => {
  it("is refused with its reason while the workspace is read-only", async () => {
    const user = userEvent.setup();
    renderApp({ platform: fakePlatform(), at: "#/users?user=0197a3c2-2222-7000-8000-000000000003" });
    await user.click(await screen.findByRole("button", { name: "Actions" }));
    const item = await screen.findByRole("menuitem", { name: /^Change plan…/ });
    expect(item.getAttribute("aria-disabled")).toBe("true");
    expect(item.textContent).toContain("is read-only. Unlock writing in the header.");
  });
});
