import { QueryClientProvider, useQuery } from "@tanstack/react-query";
import { act, render, screen } from "@testing-library/react";
import type { FC } from "react";
import { beforeEach, expect, it, vi } from "vitest";
import { createClient } from "@/api/client";

/** The frame and the words that were said to the shell, of a start of its own. */
async function start() {
  vi.resetModules();
  const { installPlatform } = await import("@/platform/current");
  const { fakePlatform } = await import("@/testing/fake-platform");
  const { FirstFrame } = await import("./first-frame");
  const onFirstPaint = vi.fn(async () => null);
  installPlatform({ ...fakePlatform({}), onFirstPaint });
  const client = createClient(() => undefined);
  const open = (View: FC) =>
    render(
      <QueryClientProvider client={client}>
        <View />
        <FirstFrame />
      </QueryClientProvider>,
    );
  return { client, open, onFirstPaint };
}

// A window that is not shown yet hears of its drawing at once.
beforeEach(() => {
  vi.spyOn(document, "hidden", "get").mockReturnValue(true);
  return () => vi.restoreAllMocks();
});

it("shows the window with what is known, though it is being asked anew", async () => {
  const { client, open, onFirstPaint } = await start();
  client.setQueryData(["status"], "as of noon");
  open(() => (
    <p>
      {useQuery({ queryKey: ["status"], queryFn: () => new Promise<string>(() => {}), staleTime: 0 }).data}
    </p>
  ));
  expect(screen.getByText("as of noon")).toBeTruthy();
  expect(client.isFetching()).toBe(1);
  expect(onFirstPaint).toHaveBeenCalledOnce();
});

it("waits for an answer that the view has only begun to ask for", async () => {
  const { open, onFirstPaint } = await start();
  let answer: (text: string) => void = () => undefined;
  const asked = new Promise<string>((resolve) => {
    answer = resolve;
  });
  open(() => <p>{useQuery({ queryKey: ["numbers"], queryFn: () => asked }).data}</p>);
  expect(onFirstPaint).not.toHaveBeenCalled();
  await act(async () => answer("12 events"));
  expect(screen.getByText("12 events")).toBeTruthy();
  expect(onFirstPaint).toHaveBeenCalledOnce();
});

it("does not wait for what nobody asks for", async () => {
  const { open, onFirstPaint } = await start();
  open(() => <p>{useQuery({ queryKey: ["later"], queryFn: () => "", enabled: false }).data}</p>);
  expect(onFirstPaint).toHaveBeenCalledOnce();
});
