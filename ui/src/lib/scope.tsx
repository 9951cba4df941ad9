import { useNavigate, useSearch } from "@tanstack/react-router";
import { createContext, type FC, type ReactNode, useContext, useMemo } from "react";
import * as v from "valibot";
import type { Session } from "@/api/generated/Session";
import type { Settings } from "@/api/generated/Settings";
import type { Workspace } from "@/api/generated/Workspace";
import { defaultScope, type Scope } from "./default-scope";
import { parseRange } from "./range";

export type { Scope };

/** The part of every address that says which days are meant; a wrong value falls back to the settings. */
export const scopeSearch = v.object({
  range: v.optional(
    v.fallback(
      v.pipe(
        v.string(),
        v.check((text) => parseRange(text) !== undefined),
      ),
      "30d",
    ),
  ),
  zone: v.optional(v.fallback(v.pipe(v.string(), v.check(isZone)), "UTC")),
  compare: v.optional(v.fallback(v.picklist(["weekday", "previous", "year", "off"]), "weekday")),
});

/** Whether the browser's engine knows this IANA zone. */
export function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return name.length > 0;
  } catch {
    return false;
  }
}

interface SessionValue {
  session: Session;
  settings: Settings;
}

const SessionContext = createContext<SessionValue | undefined>(undefined);

/** Gives session and settings to everything below. */
export const SessionProvider: FC<SessionValue & { children: ReactNode }> = ({
  session,
  settings,
  children,
}) => {
  const value = useMemo(() => ({ session, settings }), [session, settings]);
  return <SessionContext value={value}>{children}</SessionContext>;
};

/** Who sits in front of it, and what they chose. */
export function useSession(): SessionValue {
  const value = useContext(SessionContext);
  if (!value) throw new Error("useSession needs a SessionProvider above it.");
  return value;
}

/** The current workspace; views below the frame always have one. */
export function useWorkspace(): Workspace {
  const { workspace } = useSession().session;
  if (!workspace) throw new Error("This view needs a workspace.");
  return workspace;
}

/** The scope of the window: what the address says, else the default. */
export function useScope(): Scope {
  const { session, settings } = useSession();
  const search = useSearch({ strict: false });
  const scope = defaultScope(session, settings);
  return {
    range: search.range ?? scope.range,
    zone: search.zone ?? scope.zone,
    compare: search.compare ?? scope.compare,
  };
}

/** Changes the scope in the address, so that Back and a copied link bring it back. */
export function useSetScope(): (change: Partial<Scope>) => void {
  const navigate = useNavigate();
  return (change) => {
    void navigate({ to: ".", search: (before) => ({ ...before, ...change }) });
  };
}
