import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

// A busy computer is slow, not wrong.
configure({ asyncUtilTimeout: 10_000, getElementError: (message) => new Error(message ?? "not found") });

afterEach(() => {
  cleanup();
  window.location.hash = "";
});
