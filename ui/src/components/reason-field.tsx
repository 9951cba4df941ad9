import { type FC, useId } from "react";

/** Why something is done, and what becomes of the words. */
export const ReasonField: FC<{ hint: string; value: string; onChange: (reason: string) => void }> = ({
  hint,
  value,
  onChange,
}) => {
  const id = useId();
  return (
    <div className="fld as-why">
      <label className="fl" htmlFor={id}>
        Reason <span className="rg t2">{hint}</span>
      </label>
      <input
        id={id}
        className="inp"
        value={value}
        autoComplete="off"
        onChange={(event) => onChange(event.target.value)}
      />
    </div>
  );
};
