import type { FC, ReactNode } from "react";
import { useId } from "react";

/** A panel with its head; its height stays the same in every state. */
export const Panel: FC<{
  title: string;
  note?: ReactNode;
  actions?: ReactNode;
  className?: string;
  children: ReactNode;
}> = ({ title, note, actions, className, children }) => {
  const id = useId();
  return (
    <section className={className ? `panel ${className}` : "panel"} aria-labelledby={id}>
      <div className="pt">
        <h2 id={id}>{title}</h2>
        {note !== undefined && <span className="s">{note}</span>}
        {actions !== undefined && <span className="r">{actions}</span>}
      </div>
      {children}
    </section>
  );
};
