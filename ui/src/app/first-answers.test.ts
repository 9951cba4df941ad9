import { expect, it, vi } from "vitest";
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

it("asks for its faces when the stylesheet that names them is there", async () => {
  const load = vi.fn(async () => []);
  Object.defineProperty(document, "fonts", { configurable: true, value: { load } });
  const sheet = document.createElement("link");
  sheet.rel = "stylesheet";
  document.head.append(sheet);
  const platform = fakePlatform({});
  installPlatform(platform);
  const { answers, stop } = begin(platform);
  await new Promise((resolve) => setTimeout(resolve));
  expect(load).not.toHaveBeenCalled();
  sheet.dispatchEvent(new Event("load"));
  await answers;
  stop();
  expect(load).toHaveBeenCalledTimes(2);
  sheet.remove();
});
