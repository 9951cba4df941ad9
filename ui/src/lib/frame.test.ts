import { act, renderHook } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { firstFrameIsDrawn, useIsDrawn } from "./frame";

describe("the first frame", () => {
  it("lets what it does not show wait, and never again after it", () => {
    const { result } = renderHook(() => useIsDrawn());
    expect(result.current).toBe(false);
    act(firstFrameIsDrawn);
    expect(result.current).toBe(true);
    expect(renderHook(() => useIsDrawn()).result.current).toBe(true);
  });
});
