import { type FC, type ReactNode, useEffect, useRef } from "react";
import { MethodNote } from "./popup";

/** Title of a view, one line about its state, its actions; a change of view moves the focus here. */
export const PageHead: FC<{ title: string; note?: ReactNode; method?: ReactNode; actions?: ReactNode }> = ({
  title,
  note,
  method,
  actions,
}) => {
  const ref = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    ref.current?.focus({ preventScroll: true });
  }, []);
  return (
    <div className="ph">
      <h1 ref={ref} tabIndex={-1}>
        {title}
      </h1>
      {note && <span className="sub tr">{note}</span>}
      {method && <MethodNote title={title}>{method}</MethodNote>}
      {actions && <div className="act">{actions}</div>}
    </div>
  );
};
