// All that lies over the page, made with Base UI. `popup.tsx` loads it and is what everybody else imports.

import { Dialog } from "@base-ui/react/dialog";
import { Menu } from "@base-ui/react/menu";
import { Popover } from "@base-ui/react/popover";
import type { FC, ReactElement, ReactNode, RefObject } from "react";
import { Icon } from "./icon";

/** A button, and what it opens beside it. */
export interface OpeningProps {
  trigger: ReactElement<Record<string, unknown>>;
  align?: "start" | "center" | "end";
  className?: string;
  /** Whether it is open from the beginning: it was asked for before it was loaded. */
  isWanted?: boolean;
  children: ReactNode;
}

export interface PopoverProps extends OpeningProps {
  label: string;
  /** Whether it is open, where somebody else decides that. */
  isOpen?: boolean;
  onOpenChange?: (isOpen: boolean) => void;
}

/** A button that opens a small surface beside it. */
export const PopoverButton: FC<PopoverProps> = ({
  trigger,
  label,
  align = "end",
  isOpen,
  onOpenChange,
  isWanted = false,
  className,
  children,
}) => (
  <Popover.Root
    defaultOpen={isWanted}
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

/** A menu of actions. */
export const MenuButton: FC<OpeningProps> = ({
  trigger,
  align = "end",
  isWanted = false,
  className,
  children,
}) => (
  <Menu.Root defaultOpen={isWanted}>
    <Menu.Trigger render={trigger} />
    <Menu.Portal>
      <Menu.Positioner align={align} sideOffset={6} collisionPadding={8} className="positioner">
        <Menu.Popup className={className ? `pop menu ${className}` : "pop menu"}>{children}</Menu.Popup>
      </Menu.Positioner>
    </Menu.Portal>
  </Menu.Root>
);

/** One of a menu's actions. */
export const MenuItem: FC<Menu.Item.Props> = (props) => <Menu.Item className="mi" {...props} />;

/** Actions of a menu that belong together, under a heading. */
export const MenuGroup: FC<{ label: string; children: ReactNode }> = ({ label, children }) => (
  <Menu.Group>
    <Menu.GroupLabel className="mg">{label}</Menu.GroupLabel>
    {children}
  </Menu.Group>
);

/** Values of a menu, one of which holds. */
export const MenuChoices: FC<Menu.RadioGroup.Props> = (props) => <Menu.RadioGroup {...props} />;

/** One of them. */
export const MenuChoice: FC<Menu.RadioItem.Props> = (props) => (
  <Menu.RadioItem className="mi" closeOnClick {...props} />
);

/** A line between the parts of a menu. */
export const MenuSeparator: FC = () => <Menu.Separator className="ms" />;

export interface ModalProps {
  isOpen: boolean;
  onClose: () => void;
  className?: string;
  label?: string;
  /** Where to begin; without it the first thing that takes the focus. */
  initialFocus?: RefObject<HTMLElement | null>;
  children: ReactNode;
}

/** A dialog over the page. */
export const Modal: FC<ModalProps> = ({ isOpen, onClose, className, label, initialFocus, children }) => (
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
