import type { Role } from "@/api/generated/Role";
import type { IconName } from "@/components/icon";

/** A view that exists, in the order of the sidebar. */
export interface View {
  to:
    | "/"
    | "/users"
    | "/plans"
    | "/revenue"
    | "/forecast"
    | "/usage"
    | "/billing"
    | "/audit"
    | "/upkeep"
    | "/operators"
    | "/sync"
    | "/settings"
    | "/diagnostics";
  label: string;
  icon: IconName;
  group: "Home" | "Customers" | "Money" | "Product" | "Operations" | "System";
  /** Second key after `g`. */
  key: string;
  /** Roles that see it; every role without it. */
  roles?: readonly Role[];
  /** The same on the command line. */
  cli: string;
  /** Whether the range of days means something here. */
  hasRange: boolean;
  /** Whether its numbers are compared with other days. */
  isCompared?: boolean;
}

/** Every view. One that does not exist yet is not here, so nothing leads to it. */
export const VIEWS: readonly View[] = [
  {
    to: "/",
    label: "Overview",
    icon: "overview",
    group: "Home",
    key: "h",
    cli: "steward overview",
    hasRange: true,
    isCompared: true,
  },
  {
    to: "/users",
    label: "Users",
    icon: "user",
    group: "Customers",
    key: "u",
    cli: "steward users list",
    hasRange: true,
  },
  {
    to: "/plans",
    label: "Plans",
    icon: "layers",
    group: "Customers",
    key: "p",
    cli: "steward plans list",
    hasRange: false,
  },
  {
    to: "/revenue",
    label: "Revenue",
    icon: "trend",
    group: "Money",
    key: "r",
    roles: ["finance", "admin"],
    cli: "steward revenue",
    hasRange: false,
  },
  {
    to: "/forecast",
    label: "Forecast",
    icon: "fan",
    group: "Money",
    key: "f",
    roles: ["finance", "admin"],
    cli: "steward revenue forecast",
    hasRange: false,
  },
  {
    to: "/usage",
    label: "Usage",
    icon: "gauge",
    group: "Product",
    key: "v",
    cli: "steward usage",
    hasRange: true,
    isCompared: true,
  },
  {
    to: "/billing",
    label: "Billing",
    icon: "card",
    group: "Customers",
    key: "b",
    cli: "steward billing",
    hasRange: true,
  },
  {
    to: "/audit",
    label: "Audit log",
    icon: "scroll",
    group: "Operations",
    key: "t",
    roles: ["viewer", "finance", "support", "admin"],
    cli: "steward audit list",
    hasRange: false,
  },
  {
    to: "/upkeep",
    label: "Upkeep",
    icon: "broom",
    group: "Operations",
    key: "k",
    cli: "steward quality",
    hasRange: false,
  },
  {
    to: "/operators",
    label: "Operators",
    icon: "key",
    group: "Operations",
    key: "o",
    cli: "steward operators list",
    hasRange: false,
  },
  {
    to: "/sync",
    label: "Sync",
    icon: "sync",
    group: "Operations",
    key: "y",
    cli: "steward sync status",
    hasRange: false,
  },
  {
    to: "/diagnostics",
    label: "Diagnostics",
    icon: "pulse",
    group: "System",
    key: "x",
    cli: "steward doctor",
    hasRange: false,
  },
  {
    to: "/settings",
    label: "Settings",
    icon: "sliders",
    group: "System",
    key: ",",
    cli: "steward settings show",
    hasRange: false,
  },
];

/** The views of a role; the server refuses the rest anyway. */
export function viewsFor(role: Role | null): readonly View[] {
  return VIEWS.filter((view) => !view.roles || role === null || view.roles.includes(role));
}

/** The view of an address. */
export function viewAt(path: string): View | undefined {
  // An account belongs to the users it is one of.
  return VIEWS.find((view) => view.to === path || (view.to !== "/" && path.startsWith(`${view.to}/`)));
}
