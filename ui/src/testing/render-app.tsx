import { render } from "@testing-library/react";
import { App } from "@/app/app";
import { begin } from "@/app/first-answers";
import { createAppRouter } from "@/app/router";
import { installPlatform } from "@/platform/current";
import type { Platform } from "@/platform/platform";

/** The whole interface on a platform, opened at an address such as `#/users`. */
export function renderApp({ platform, at = "#/" }: { platform: Platform; at?: string }) {
  installPlatform(platform);
  window.location.hash = at;
  return render(<App begun={begin(platform)} router={createAppRouter()} />);
}
