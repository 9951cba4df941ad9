import { fireEvent, screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { AuditListReq } from "@/api/generated/AuditListReq";
import { fakePlatform } from "@/testing/fake-platform";
import { renderApp } from "@/testing/render-app";
import { FRESH } from "@/testing/sample-data";

describe("when something was changed", () => {
  it("is narrowed by two days of the window's zone, in place of a time since when", async () => {
    const asked: AuditListReq[] = [];
    const platform = fakePlatform({
      answers: {
        audit_list: (request) => {
          asked.push(request as AuditListReq);
          return { freshness: FRESH, rows: [], total: 0, choices: null, next: null };
        },
      },
    });
    renderApp({ platform, at: "#/audit?since=2026-11-20T10:00:00.000Z" });
    fireEvent.change(await screen.findByLabelText("From, in Europe/Berlin"), {
      target: { value: "2026-11-01" },
    });
    fireEvent.change(await screen.findByLabelText("To, included, in Europe/Berlin"), {
      target: { value: "2026-11-20" },
    });
    await waitFor(() =>
      expect(asked.at(-1)).toMatchObject({
        first_day: "2026-11-01",
        last_day: "2026-11-20",
        zone: "Europe/Berlin",
        since: null,
        until: null,
      }),
    );
    expect(window.location.hash).toContain("from=2026-11-01");
    // Cleared, it is open again.
    fireEvent.change(screen.getByLabelText("From, in Europe/Berlin"), { target: { value: "" } });
    await waitFor(() => expect(asked.at(-1)).toMatchObject({ first_day: null, last_day: "2026-11-20" }));
  });
});
