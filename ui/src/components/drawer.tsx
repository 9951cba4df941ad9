import { type FC, type ReactNode, useEffect, useId, useRef } from "react";
import { Icon } from "./icon";

/** Details at the right of a list, which stays usable; Escape closes it. */
export const Drawer: FC<{
  title: ReactNode;
  onClose: () => void;
  actions?: ReactNode;
  children: ReactNode;
}> = ({ title, onClose, actions, children }) => {
  const id = useId();
  const ref = useRef<HTMLElement>(null);
  useEffect(() => {
    const close = (event: KeyboardEvent) => {
      // A dialog or a menu above it takes the key first.
      if (
        event.key === "Escape" &&
        !event.defaultPrevented &&
        !document.querySelector("[data-open].pop, .dlg")
      ) {
        onClose();
      }
    };
    document.addEventListener("keydown", close);
    return () => document.removeEventListener("keydown", close);
  }, [onClose]);
  return (
    <aside className="drawer" aria-labelledby={id} ref={ref}>
      <div className="pt">
        <h2 id={id} className="tr">
          {title}
        </h2>
        <span className="r">
          {actions}
          <button type="button" className="ib" aria-label="Close details" onClick={onClose}>
            <Icon name="x" />
          </button>
        </span>
      </div>
      <div className="drawer-b">{children}</div>
    </aside>
  );
};
