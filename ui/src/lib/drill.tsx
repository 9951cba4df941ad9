import { Link } from "@tanstack/react-router";
import type { FC, ReactNode } from "react";
import type { EventFilter } from "@/api/generated/EventFilter";
import type { Period } from "@/api/generated/Period";

/** Where a number leads: the events of a period that pass the filters. */
export interface DrillTarget {
  period: Period;
  filters: EventFilter[];
}

/** A number, a row or a card that opens the events behind it. */
export const Drill: FC<DrillTarget & { className?: string; title?: string; children: ReactNode }> = ({
  period,
  filters,
  className,
  title,
  children,
}) => (
  <Link
    to="/events"
    search={(before) => ({ ...before, start: period.start, end: period.end, filters, hour: undefined })}
    {...(className ? { className } : {})}
    {...(title ? { title } : {})}
  >
    {children}
  </Link>
);
