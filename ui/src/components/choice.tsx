import { Select } from "@base-ui/react/select";
import type { FC } from "react";
import { Icon } from "./icon";

/** One of a few values. */
export const Choice: FC<{
  label: string;
  value: string;
  /** What stands there while nothing is chosen. */
  placeholder?: string;
  options: readonly { value: string; label: string }[];
  onChange: (value: string) => void;
  id?: string;
  className?: string;
}> = ({ label, value, placeholder, options, onChange, id, className }) => (
  <Select.Root
    value={value === "" && placeholder !== undefined ? null : value}
    onValueChange={(next: string | null) => next !== null && onChange(next)}
    items={options.map((option) => ({ value: option.value, label: option.label }))}
  >
    <Select.Trigger
      className={className ? `btn sel ${className}` : "btn sel"}
      aria-label={label}
      {...(id ? { id } : {})}
    >
      <Select.Value className="tr" placeholder={placeholder} />
      <Icon name="down" />
    </Select.Trigger>
    <Select.Portal>
      <Select.Positioner alignItemWithTrigger={false} sideOffset={4} className="positioner">
        <Select.Popup className="pop menu">
          {options.map((option) => (
            <Select.Item key={option.value} value={option.value} className="mi">
              <span className="mi-c">
                <Select.ItemIndicator>
                  <Icon name="check" />
                </Select.ItemIndicator>
              </span>
              <Select.ItemText className="mi-t">{option.label}</Select.ItemText>
            </Select.Item>
          ))}
        </Select.Popup>
      </Select.Positioner>
    </Select.Portal>
  </Select.Root>
);
