import { act, render, screen } from "@testing-library/react";
import { Component, type FC, type ReactNode } from "react";
import { describe, expect, it } from "vitest";
import { firstFrameIsDrawn } from "./frame";
import { later } from "./later";

const Greeting: FC<{ name: string }> = ({ name }) => <p>Hello {name}</p>;

/** Says what failed, as a route does. */
class Boundary extends Component<{ children: ReactNode }, { error?: unknown }> {
  override state: { error?: unknown } = {};
  static getDerivedStateFromError(error: unknown) {
    return { error };
  }
  override render() {
    return this.state.error ? <p>Failed: {String(this.state.error)}</p> : this.props.children;
  }
}

describe("what is loaded later", () => {
  it("waits for the first frame, is loaded once, and is drawn at once from then on", async () => {
    let loads = 0;
    const Later = later(async () => {
      loads += 1;
      return Greeting;
    });
    const first = render(<Later name="Ada" />);
    expect(loads).toBe(0);
    expect(first.container.textContent).toBe("");
    act(firstFrameIsDrawn);
    expect(await screen.findByText("Hello Ada")).toBeTruthy();
    first.unmount();
    const second = render(<Later name="Grace" />);
    expect(second.container.textContent).toBe("Hello Grace");
    expect(loads).toBe(1);
  });

  it("says that a file is missing, and asks again when it is drawn anew", async () => {
    let isThere = false;
    const Later = later(async () => {
      if (!isThere) throw new Error("no such file");
      return Greeting;
    });
    const first = render(
      <Boundary>
        <Later name="Ada" />
      </Boundary>,
    );
    expect(await screen.findByText(/no such file/)).toBeTruthy();
    first.unmount();
    isThere = true;
    render(
      <Boundary>
        <Later name="Ada" />
      </Boundary>,
    );
    expect(await screen.findByText("Hello Ada")).toBeTruthy();
  });
});
