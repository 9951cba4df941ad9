import { Dialog } from "@base-ui/react/dialog";
import { Menu } from "@base-ui/react/menu";
import { Popover } from "@base-ui/react/popover";
import type { FC, ReactElement, ReactNode, RefObject } from "react";
import { Icon } from "./icon";

/** A button that opens a small surface beside it. */
export const PopoverButton: FC<{
  trigger: ReactElement<Record<string, unknown>>;
  label: string;
  align?: "start" | "center" | "end";
  isOpen?: boolean;
  onOpenChange?: (isOpen: boolean) => void;
  className?: string;
  children: ReactNode;
}> = ({ trigger, label, align = "end", isOpen, onOpenChange, className, children }) => (
  <Popover.Root
    {...(isOpen === undefined ? {} : { open: isOpen })}
    {...(onOpenChange ? { onOpenChange: (next: boolean) => onOpenChange(next) } : {})}
  >
    <Popover.Trigger render={trigger} />
    <Popover.Portal>
      <Popover.Positioner align={align} sideOffset={6} collisionPadding={8} className="positioner">
        <Popover.Popup className={className ? `pop ${className}` : "pop"} aria-label={label}>
          {children}
        </Popover.Popup>
      </Popover.Positioner>
    </Popover.Portal>
  </Popover.Root>
);

/** A button inside such a surface that closes it, and leads on. */
export const PopoverLead: FC<{ onClick: () => void; children: ReactNode }> = ({ onClick, children }) => (
  <Popover.Close className="btn sm" onClick={onClick}>
    {children}
  </Popover.Close>
);

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

/** A menu of actions. */
export const MenuButton: FC<{
  trigger: ReactElement<Record<string, unknown>>;
  align?: "start" | "center" | "end";
  className?: string;
  children: ReactNode;
}> = ({ trigger, align = "end", className, children }) => (
  <Menu.Root>
    <Menu.Trigger render={trigger} />
    <Menu.Portal>
      <Menu.Positioner align={align} sideOffset={6} collisionPadding={8} className="positioner">
        <Menu.Popup className={className ? `pop menu ${className}` : "pop menu"}>{children}</Menu.Popup>
      </Menu.Positioner>
    </Menu.Portal>
  </Menu.Root>
);

/** A dialog over the page. */
export const Modal: FC<{
  isOpen: boolean;
  onClose: () => void;
  className?: string;
  label?: string;
  /** Where to begin; without it the first thing that takes the focus. */
  initialFocus?: RefObject<HTMLElement | null>;
  children: ReactNode;
}> = ({ isOpen, onClose, className, label, initialFocus, children }) => (
  <Dialog.Root open={isOpen} onOpenChange={(next) => !next && onClose()}>
    <Dialog.Portal>
      <Dialog.Backdrop className="scrim" />
      <Dialog.Popup
        className={className ? `dlg ${className}` : "dlg"}
        {...(label ? { "aria-label": label } : {})}
        {...(initialFocus ? { initialFocus } : {})}
      >
        {children}
      </Dialog.Popup>
    </Dialog.Portal>
  </Dialog.Root>
);

/** Title of a dialog. */
export const ModalTitle: FC<{ children: ReactNode }> = ({ children }) => (
  <Dialog.Title>{children}</Dialog.Title>
);

/** The cross of a dialog. */
export const ModalClose: FC = () => (
  <Dialog.Close className="ib" aria-label="Close">
    <Icon name="x" />
  </Dialog.Close>
);
