import { useQuery } from "@tanstack/react-query";
import { type FC, useState } from "react";
import type { EventField } from "@/api/generated/EventField";
import type { EventFilter } from "@/api/generated/EventFilter";
import { usageOptions } from "@/api/queries";
import { Choice } from "@/components/choice";
import { Icon } from "@/components/icon";
import { PickList } from "@/components/pick-list";
import { PopoverButton } from "@/components/popup";
import { Segmented } from "@/components/segmented";
import { Loading } from "@/components/states";
import { FIELD_LABELS, filterText, withoutFilter } from "@/lib/events";
import { formatNumber } from "@/lib/format";
import { useWorkspace } from "@/lib/scope";
import { DIMENSIONS, type UsageAsked, withFilter } from "./model";

/** What the numbers are narrowed to, as chips, and the way to one more. */
export const FilterBar: FC<{
  request: UsageAsked;
  /** How much of the use is by admins, where any is. */
  admins: string | null;
  onChange: (filters: EventFilter[]) => void;
}> = ({ request, admins, onChange }) => {
  const { filters } = request;
  const hasAdmins = !filters.some((filter) => filter.field === "is_admin");
  return (
    <ul className="filters" aria-label="Filters">
      {filters.map((filter, index) => (
        <li key={filterText(filter)} className="filter">
          {filterText(filter)}
          <button
            type="button"
            className="ib"
            aria-label={`Remove filter ${filterText(filter)}`}
            onClick={() => onChange(withoutFilter(filters, index))}
          >
            <Icon name="x" />
          </button>
        </li>
      ))}
      <li>
        <AddFilter request={request} onAdd={(filter) => onChange(withFilter(filters, filter))} />
      </li>
      {hasAdmins && (
        <li>
          <button
            type="button"
            className="btn sm gh"
            onClick={() => onChange(withFilter(filters, { field: "is_admin", value: "true", exclude: true }))}
          >
            Without admins
          </button>
          {admins && <span className="t3 after">{admins}</span>}
        </li>
      )}
      {filters.length > 1 && (
        <li>
          <button type="button" className="btn sm gh" onClick={() => onChange([])}>
            Clear filters
          </button>
        </li>
      )}
    </ul>
  );
};

const AddFilter: FC<{ request: UsageAsked; onAdd: (filter: EventFilter) => void }> = ({ request, onAdd }) => {
  const [isOpen, setIsOpen] = useState(false);
  const [field, setField] = useState<EventField>("feature");
  const [sign, setSign] = useState("is");
  const add = (value: string | null) => {
    onAdd(sign === "is" ? { field, value } : { field, value, exclude: true });
    setIsOpen(false);
  };
  return (
    <PopoverButton
      label="Add a filter"
      align="start"
      isOpen={isOpen}
      onOpenChange={setIsOpen}
      trigger={
        <button type="button" className="btn sm">
          <Icon name="plus" />
          Filter
        </button>
      }
    >
      <div className="add-f">
        <div className="add-f-h">
          <Choice
            label="Column"
            value={field}
            options={DIMENSIONS}
            onChange={(next) => setField(next as EventField)}
          />
          <Segmented
            label="Condition"
            value={sign}
            options={[
              { value: "is", label: "is" },
              { value: "not", label: "is not" },
            ]}
            onChange={setSign}
          />
        </div>
        <Values key={field} request={request} field={field} onPick={add} />
      </div>
    </PopoverButton>
  );
};

/** The values that a column has in the range, most used first. */
const Values: FC<{
  request: UsageAsked;
  field: EventField;
  onPick: (value: string | null) => void;
}> = ({ request, field, onPick }) => {
  const workspace = useWorkspace();
  const query = useQuery(
    usageOptions(workspace.id, {
      ...request,
      filters: [],
      by: field,
      measure: "events",
      preset: "activity",
      compare: "off",
      depth: "rows",
      groups: 200,
    }),
  );
  if (query.isPending) return <Loading what="Reading values" rows={4} />;
  if (query.isError) return <p className="warning">{query.error.message}</p>;
  const groups = query.data.breakdown.filter((group) => group.events > 0);
  return (
    <PickList
      label={FIELD_LABELS[field]}
      placeholder={`Value of ${FIELD_LABELS[field].toLowerCase()}`}
      items={groups.map((group) => ({
        id: group.value ?? "",
        label: group.label,
        note: formatNumber(group.events),
      }))}
      onPick={(id) => onPick(id === "" ? null : id)}
    />
  );
};
