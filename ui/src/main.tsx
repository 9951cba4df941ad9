import "@fontsource-variable/inter/index.css";
import "@fontsource-variable/jetbrains-mono/index.css";
import "./tokens.css";
import "./styles/base.css";
import "./styles/frame.css";
import "./styles/controls.css";
import "./styles/panels.css";
import "./styles/charts.css";
import "./styles/dialog.css";
import "./styles/setup.css";
import "./styles/views.css";
import "./styles/actions.css";
import "./styles/account.css";
import "./styles/widths.css";
import { systemTheme } from "./app/appearance";
import { begin } from "./app/first-answers";
import { detectPlatform, installPlatform, platform } from "./platform/current";

// Themed before the first frame, so that nothing flashes white; the settings refine it.
document.documentElement.dataset.theme = systemTheme();

async function start(): Promise<void> {
  const wantsFake = import.meta.env.DEV && new URLSearchParams(location.search).has("fake");
  installPlatform(
    wantsFake
      ? (await import("./testing/fake-platform")).fakePlatform({
          isFirstRun: new URLSearchParams(location.search).get("fake") === "first-run",
        })
      : detectPlatform(),
  );
  // On their way while the bulk of the interface is loaded.
  const begun = begin(platform());
  const { mount } = await import("./app/mount");
  const root = document.getElementById("root");
  if (!root) throw new Error("index.html has no #root.");
  await mount(root, begun);
}

void start();
