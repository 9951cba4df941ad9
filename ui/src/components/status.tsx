import type { FC, ReactNode } from "react";
import { Glyph, type Tone } from "./icon";

/** Icon, word and colour, always all three. */
export const Status: FC<{ tone: Tone; children: ReactNode }> = ({ tone, children }) => (
  <span className={`st ${tone}`}>
    <Glyph tone={tone} />
    <span className="st-w">{children}</span>
  </span>
);

/** The same as a chip, beside a title. */
export const StatusChip: FC<{ tone: Tone; children: ReactNode }> = ({ tone, children }) => (
  <span className={`chip ${tone}`}>
    <Glyph tone={tone} />
    {children}
  </span>
);

/** What stands where there is no value: "not applicable". */
export const NotApplicable: FC = () => (
  <span className="null">
    <span aria-hidden="true">–</span>
    <span className="sr">not applicable</span>
  </span>
);
