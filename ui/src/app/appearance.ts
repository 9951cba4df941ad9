import { useEffect } from "react";
import type { Settings } from "@/api/generated/Settings";

const DARK = "(prefers-color-scheme: dark)";

/** The theme of the operating system. */
export function systemTheme(): "light" | "dark" {
  return window.matchMedia?.(DARK).matches ? "dark" : "light";
}

/** Puts theme and density on the document, and follows the system where that is wished. */
export function useAppearance({ theme, density }: Pick<Settings, "theme" | "density">): void {
  useEffect(() => {
    const root = document.documentElement;
    root.dataset.density = density;
    if (theme !== "system") {
      root.dataset.theme = theme;
      return;
    }
    const follow = () => {
      root.dataset.theme = systemTheme();
    };
    follow();
    const media = window.matchMedia(DARK);
    media.addEventListener("change", follow);
    return () => media.removeEventListener("change", follow);
  }, [theme, density]);
}
