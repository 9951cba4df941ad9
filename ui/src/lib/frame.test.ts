import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { afterPaint, firstFrameIsDrawn, useIsDrawn } from "./frame";

describe("the first frame", () => {
  it("lets what it does not show wait, and never again after it", () => {
    const { result } = renderHook(() => useIsDrawn());
    expect(result.current).toBe(false);
    act(firstFrameIsDrawn);
    expect(result.current).toBe(true);
    expect(renderHook(() => useIsDrawn()).result.current).toBe(true);
  });
});

describe("what follows a painting", () => {
  let isHidden = true;
  beforeEach(() => {
    isHidden = true;
    vi.spyOn(document, "hidden", "get").mockImplementation(() => isHidden);
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  it("waits until the window is seen, and for the frame after that", () => {
    const frames: FrameRequestCallback[] = [];
    vi.spyOn(window, "requestAnimationFrame").mockImplementation((frame) => frames.push(frame));
    const follow = vi.fn();
    afterPaint(follow);
    vi.advanceTimersByTime(100);
    isHidden = false;
    document.dispatchEvent(new Event("visibilitychange"));
    vi.advanceTimersByTime(100);
    expect(follow).not.toHaveBeenCalled();
    for (const frame of frames) frame(0);
    expect(follow).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(follow).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(1000);
    expect(follow).toHaveBeenCalledOnce();
  });

  it("does not wait for ever for a window that lies under others", () => {
    const follow = vi.fn();
    afterPaint(follow);
    vi.advanceTimersByTime(500);
    expect(follow).toHaveBeenCalledOnce();
  });
});
