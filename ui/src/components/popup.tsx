import { cloneElement, type FC, type ReactNode, useState } from "react";
import { createStore, useStore } from "@/lib/store";
import { Icon } from "./icon";
import type { OpeningProps, PopoverProps } from "./surfaces";

// What lies over the page is a fifth of the interface, and nothing of it shows in the first frame: it is loaded after
// that, or when somebody is quicker. Until then its buttons stand there by themselves.

type Surfaces = typeof import("./surfaces") & typeof import("./export-dialog");

const surfaces = createStore<Surfaces | undefined>(undefined);
let loading: Promise<void> | undefined;

/** Loads what menus, popovers and dialogs are made with. */
export function loadSurfaces(): Promise<void> {
  loading ??= Promise.all([import("./surfaces"), import("./export-dialog")]).then(
    ([parts, dialog]) => surfaces.set({ ...parts, ...dialog }),
    () => {
      // Asked again by the next who needs it.
      loading = undefined;
    },
  );
  return loading;
}

/** A part that is seen only where something is open. */
function part<Props extends object>(pick: (loaded: Surfaces) => FC<Props>): FC<Props> {
  return (props) => {
    const loaded = useStore(surfaces);
    if (!loaded) return null;
    const Part = pick(loaded);
    return <Part {...props} />;
  };
}

/** A button that opens something; pressed before that is loaded, it opens as soon as it is. */
function opening<Props extends OpeningProps & Pick<PopoverProps, "onOpenChange">>(
  pick: (loaded: Surfaces) => FC<Props>,
  kind: "dialog" | "menu",
): FC<Props> {
  return (props) => {
    const loaded = useStore(surfaces);
    const [isWanted, setIsWanted] = useState(false);
    if (loaded) {
      const Part = pick(loaded);
      return <Part {...props} isWanted={isWanted} />;
    }
    return cloneElement(props.trigger, {
      "aria-haspopup": kind,
      "aria-expanded": false,
      onClick: () => {
        if (props.onOpenChange) props.onOpenChange(true);
        else setIsWanted(true);
        void loadSurfaces();
      },
    });
  };
}

export const PopoverButton = opening((loaded) => loaded.PopoverButton, "dialog");
export const MenuButton = opening((loaded) => loaded.MenuButton, "menu");
export const PopoverLead = part((loaded) => loaded.PopoverLead);
export const MenuItem = part((loaded) => loaded.MenuItem);
export const MenuGroup = part((loaded) => loaded.MenuGroup);
export const MenuChoices = part((loaded) => loaded.MenuChoices);
export const MenuChoice = part((loaded) => loaded.MenuChoice);
export const MenuSeparator = part((loaded) => loaded.MenuSeparator);
export const Modal = part((loaded) => loaded.Modal);
export const ModalTitle = part((loaded) => loaded.ModalTitle);
export const ModalClose = part((loaded) => loaded.ModalClose);
export const ExportDialog = part((loaded) => loaded.ExportDialog);

/** The "?" of a panel: where its numbers come from. */
export const MethodNote: FC<{ title: string; children: ReactNode }> = ({ title, children }) => (
  <PopoverButton
    label={`${title}: how this is counted`}
    className="note"
    trigger={
      <button type="button" className="ib" aria-label={`${title}: how this is counted`}>
        <Icon name="help" />
      </button>
    }
  >
    <div className="note-h">How this is counted</div>
    {children}
  </PopoverButton>
);
