import { describe, expect, it } from "vitest";
import type { PlanRow } from "@/api/generated/PlanRow";
import { metricsOf, type Supposed, supposedRequest, whatIfCommand } from "./what-if-model";

const supposed = (change: Partial<Supposed>): Supposed => ({
  month: "",
  plan: "",
  metric: "",
  limit: "",
  ...change,
});

describe("what is supposed", () => {
  it("asks for every limit where nothing is said", () => {
    expect(supposedRequest(supposed({}))).toEqual({
      ask: { month: null, plan: null, metric: null, limit: null },
      wrong: null,
    });
  });

  it("takes a limit only of a plan and a metric", () => {
    expect(supposedRequest(supposed({ limit: "5" })).ask.limit).toBeNull();
    const one = supposedRequest(supposed({ plan: "solo", metric: "prompts", limit: "10,000" }));
    expect(one.ask.limit).toBe(10_000);
    expect(one.wrong).toBeNull();
  });

  it.each([
    [{ month: "2026-13" }, "month"],
    [{ month: "November" }, "month"],
    [{ plan: "solo", metric: "prompts", limit: "-1" }, "limit"],
    [{ plan: "solo", metric: "prompts", limit: "many" }, "limit"],
  ])("%j is named by its field", (change, field) => {
    expect(supposedRequest(supposed(change)).wrong?.field).toBe(field);
  });

  it("is the same on the command line", () => {
    const { ask } = supposedRequest(
      supposed({ month: "2026-10", plan: "solo", metric: "prompts", limit: "0" }),
    );
    expect(whatIfCommand(ask, "acme")).toBe(
      "steward usage what-if --month 2026-10 --plan solo --metric prompts --limit 0 -w acme",
    );
  });

  it("offers the metrics that are counted, each once", () => {
    const limit = (metric: string, period: string) => ({ metric, period, kind: "soft", limit: 1 });
    const plan = (limits: PlanRow["limits"]) => ({ limits }) as PlanRow;
    const plans = [
      plan([limit("prompts", "month"), limit("snapshots", "minute")]),
      plan([limit("images", "day"), limit("prompts", "day")]),
    ];
    expect(metricsOf(plans)).toEqual(["images", "prompts"]);
  });
});
