import { Radio } from "@base-ui/react/radio";
import { RadioGroup } from "@base-ui/react/radio-group";
import type { FC, ReactNode } from "react";

/** One of two to four values, all in sight. */
export const Segmented: FC<{
  label: string;
  value: string;
  options: readonly { value: string; label: ReactNode }[];
  onChange: (value: string) => void;
}> = ({ label, value, options, onChange }) => (
  <RadioGroup
    className="seg"
    aria-label={label}
    value={value}
    onValueChange={(next: unknown) => onChange(String(next))}
  >
    {options.map((option) => (
      <Radio.Root key={option.value} value={option.value} className="seg-o">
        {option.label}
      </Radio.Root>
    ))}
  </RadioGroup>
);
