import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { loadSurfaces, MenuButton, MenuItem, Modal, PopoverButton } from "./popup";

// One file, one loading: the first tests see the buttons before it.

it("opens what was asked for before it was loaded", async () => {
  render(
    <>
      <PopoverButton label="Range" trigger={<button type="button">Days</button>}>
        Seven days
      </PopoverButton>
      <Modal isOpen={false} onClose={() => undefined} label="Nothing">
        never seen
      </Modal>
    </>,
  );
  const button = screen.getByRole("button", { name: "Days", expanded: false });
  expect(button.getAttribute("aria-haspopup")).toBe("dialog");
  expect(screen.queryByRole("dialog")).toBeNull();
  await userEvent.click(button);
  expect((await screen.findByRole("dialog", { name: "Range" })).textContent).toContain("Seven days");
  expect(screen.queryByText("never seen")).toBeNull();
});

it("leaves closed what nobody asked for", async () => {
  render(
    <MenuButton trigger={<button type="button">More</button>}>
      <MenuItem>Copy</MenuItem>
    </MenuButton>,
  );
  await loadSurfaces();
  expect(screen.queryByRole("menu")).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "More" }));
  expect(await screen.findByRole("menuitem", { name: "Copy" })).toBeTruthy();
});
