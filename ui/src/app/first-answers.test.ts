import { expect, it } from "vitest";
import { installPlatform } from "@/platform/current";
import { fakePlatform } from "@/testing/fake-platform";
import { begin } from "./first-answers";

it("hears of changes before it asks anything", async () => {
  const order: string[] = [];
  const fake = fakePlatform({});
  const platform = {
    ...fake,
    rpc: (command: string, request: unknown, isPreview: boolean) => {
      order.push(command);
      return fake.rpc(command, request, isPreview);
    },
    onChanges: (listener: Parameters<typeof fake.onChanges>[0]) => {
      order.push("changes");
      return fake.onChanges(listener);
    },
  };
  installPlatform(platform);
  window.location.hash = "#/";
  const { answers, stop } = begin(platform);
  await answers;
  stop();
  expect(order[0]).toBe("changes");
  expect(order).toEqual(expect.arrayContaining(["session_show", "overview_show", "sync_status"]));
});
