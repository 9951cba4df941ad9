import type { AuditRow } from "@/api/generated/AuditRow";
import type { CheckList } from "@/api/generated/CheckList";
import type { EventListReq } from "@/api/generated/EventListReq";
import type { FindReq } from "@/api/generated/FindReq";
import type { Outcome } from "@/api/generated/Outcome";
import type { OverviewReq } from "@/api/generated/OverviewReq";
import type { Settings } from "@/api/generated/Settings";
import type { Tag } from "@/api/generated/Tag";
import type { UserChangePlanReq } from "@/api/generated/UserChangePlanReq";
import type { UserListReq } from "@/api/generated/UserListReq";
import type { WireError } from "@/api/generated/WireError";
import type { WorkspaceModeReq } from "@/api/generated/WorkspaceModeReq";
import type { Platform } from "@/platform/platform";
import { account, TIMELINE } from "./sample-account";
import { AS_OF, AUDIT, FRESH, overview, SESSION, SETTINGS, SYNC, USERS, WORKSPACE } from "./sample-data";

/** What a test may change about the fake. */
export interface FakeOptions {
  /** No workspace yet. */
  isFirstRun?: boolean;
  /** Answers of a test's own, by command; a thrown WireError is a failure. */
  answers?: Record<string, (request: unknown) => unknown>;
}

/** A back end in memory, for component tests and for drawing only; its `changed` plays the server's events. */
export function fakePlatform(
  options: FakeOptions = {},
): Platform & { changed(tags: Tag[]): void; calls: string[]; askToClose(): boolean } {
  const listeners = new Set<(tags: readonly Tag[]) => void>();
  const closers = new Set<() => void>();
  const calls: string[] = [];
  const state = {
    session: { ...SESSION, workspace: options.isFirstRun ? null : WORKSPACE },
    settings: SETTINGS,
    users: USERS,
    audit: AUDIT,
  };
  const changed = (tags: Tag[]) => {
    for (const listener of listeners) listener(tags);
  };
  const answers: Record<string, (request: never, isPreview: boolean) => unknown> = {
    session_show: () => state.session,
    settings_show: () => state.settings,
    settings_update: (next: Settings) => {
      state.settings = next;
      return next;
    },
    workspace_list: () => ({ rows: state.session.workspace ? [state.session.workspace] : [] }),
    workspace_use: () => state.session.workspace,
    workspace_mode: (request: WorkspaceModeReq) => {
      state.session = {
        ...state.session,
        workspace: {
          ...(state.session.workspace ?? WORKSPACE),
          mode: request.mode,
          is_read_only: request.mode === "read_only",
          unlocked_until:
            request.mode === "unlocked" ? new Date(Date.now() + 15 * 60_000).toISOString() : null,
        },
      };
      return state.session.workspace;
    },
    sample_open: () => {
      state.session = {
        ...state.session,
        workspace: {
          ...WORKSPACE,
          name: "Sample company",
          environment: "sample",
          is_read_only: false,
          mode: "reviewed",
          needs_unlock: false,
        },
      };
      return state.session.workspace;
    },
    connection_test: () => CHECKS,
    doctor_run: () => CHECKS,
    sync_status: () => SYNC,
    sync_run: () => ({ as_of: AS_OF, rows_read: 12, rows_changed: 3, elapsed_ms: 84 }),
    overview_show: (request: OverviewReq) => overview(request),
    export_list: () => ({ rows: [] }),
    export_plan: () => ({
      freshness: FRESH,
      rows: 12_482,
      columns: [{ key: "id", title: "User id", kind: "text" }],
      filter: [],
      sheets: 1,
      path: "/home/ada/Downloads/acme-users.csv",
    }),
    event_list: (request: EventListReq) => events(request),
    user_list: (request: UserListReq) => {
      const wanted = request.search.toLowerCase();
      const found = state.users.filter(
        (user) =>
          `${user.name} ${user.email} ${user.id}`.toLowerCase().includes(wanted) &&
          (request.plan_code === null || user.plan_code === request.plan_code),
      );
      const from = Number(request.after ?? 0);
      const rows = found.slice(from, from + request.limit);
      const next = from + rows.length < found.length ? String(from + rows.length) : null;
      return { freshness: FRESH, rows, total: found.length, next };
    },
    record_find: (request: FindReq) => {
      const wanted = request.text.toLowerCase();
      const rows =
        request.kind === "team"
          ? []
          : state.users
              .filter((user) => `${user.name} ${user.email} ${user.id}`.toLowerCase().includes(wanted))
              .slice(0, request.limit)
              .map((user) => ({
                kind: "user",
                id: user.id,
                title: user.name,
                note: user.email,
                status: user.status,
                reason: "beginning",
              }));
      return { freshness: FRESH, rows };
    },
    user_show: ({ user: wanted }: { user: string }) => {
      const user = state.users.find((row) => row.id === wanted);
      if (!user) throw { ...READ_ONLY, code: "not_found", message: "No user has this id or e-mail address." };
      return account(user, state.audit.slice(0, 3));
    },
    timeline_list: () => TIMELINE,
    plan_list: () => ({
      freshness: FRESH,
      rows: ["free", "starter", "pro", "enterprise"].map((code, rank) => ({
        code,
        name: code.charAt(0).toUpperCase() + code.slice(1),
        rank,
        price_month_minor: rank * 2900,
        price_year_minor: null,
        currency: "EUR",
        seats: null,
        credits_per_month: null,
        projects: null,
        integrations: null,
        requests_per_minute: null,
        features: [],
        user_count: state.users.filter((user) => user.plan_code === code).length,
        archived_at: null,
        limits: [],
      })),
    }),
    user_change_plan: (request: UserChangePlanReq, isPreview: boolean) => changePlan(request, isPreview),
    audit_list: (request: { intent: string | null; limit: number }) => ({
      freshness: FRESH,
      rows: state.audit
        .filter((row) => request.intent === null || row.intent === request.intent)
        .slice(0, request.limit || 200),
      next: null,
    }),
  };

  function changePlan(request: UserChangePlanReq, isPreview: boolean): Outcome {
    if (state.session.workspace?.is_read_only) throw READ_ONLY;
    const found = state.users.filter((user) => request.users.includes(user.id));
    const rows = found.map((user) => ({
      table: "users",
      key: { id: user.id },
      label: user.name,
      before: { plan_code: user.plan_code },
      after: { plan_code: request.plan_code },
    }));
    if (!isPreview) {
      state.users = state.users.map((user) =>
        request.users.includes(user.id) ? { ...user, plan_code: request.plan_code } : user,
      );
      const logged: AuditRow[] = rows.map((row, index) => ({
        id: 1000 + index,
        at: AS_OF,
        intent: request.intent,
        login: "steward_support",
        operator: null,
        action: "change_plan",
        reason: request.reason,
        table: "users",
        key: row.key,
        label: row.label,
        before: row.before,
        after: row.after,
      }));
      state.audit = [...logged, ...state.audit];
    }
    return {
      intent: request.intent,
      is_applied: !isPreview,
      rows,
      skipped: [],
      plan_token: "token",
      confirm: found.length > 1 ? `${found.length} users` : null,
      xid: isPreview ? null : "7421",
    };
  }

  return {
    calls,
    changed,
    async rpc(command, request, isPreview) {
      calls.push(command);
      const own = options.answers?.[command];
      if (own) return own(request);
      const answer = answers[command];
      if (!answer) throw { ...READ_ONLY, code: "not_found", message: `The fake does not know ${command}.` };
      return answer(request as never, isPreview);
    },
    onChanges(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    holdClose(asked) {
      closers.add(asked);
      return () => closers.delete(asked);
    },
    closeWindow() {
      calls.push("close_window");
    },
    askToClose() {
      for (const asked of closers) asked();
      return closers.size > 0;
    },
    setTitle(title) {
      document.title = title;
    },
    onFirstNumbers() {
      calls.push("first_numbers");
    },
    async onFirstPaint() {
      return null;
    },
  };
}

const READ_ONLY: WireError = {
  code: "read_only",
  message: "The workspace Tidemark is read-only.",
  hint: "Nothing was changed. Unlock writing for this workspace first.",
  detail: null,
  fields: [],
  is_retriable: false,
  id: "8f21c0",
};

const CHECKS: CheckList = {
  is_ok: false,
  checks: [
    {
      name: "dns",
      label: "Name lookup",
      state: "ok",
      finding: "db.tidemark.example → 203.0.113.24",
      ms: 12,
      error: null,
    },
    { name: "tcp", label: "Network", state: "ok", finding: "port 5432 answers", ms: 18, error: null },
    {
      name: "tls",
      label: "Encryption",
      state: "failed",
      finding: "",
      ms: 31,
      error: {
        code: "tls",
        message: "The server’s certificate isn’t trusted",
        hint: "Turn TLS on at the server, check the host name, or choose the CA file your provider gives you.",
        detail: "issued for pooler.tidemark.example, asked for db.tidemark.example",
        fields: [],
        is_retriable: false,
        id: "51aa02",
      },
    },
    { name: "auth", label: "Sign-in", state: "waiting", finding: "waits for encryption", ms: 0, error: null },
    {
      name: "role",
      label: "Role and rights",
      state: "waiting",
      finding: "what it may read, whether it can write",
      ms: 0,
      error: null,
    },
    {
      name: "schema",
      label: "Schema",
      state: "waiting",
      finding: "which tables, which version",
      ms: 0,
      error: null,
    },
  ],
};

function events(request: EventListReq) {
  const total = 59_912;
  const from = Number(request.after ?? 0);
  const rows = Array.from({ length: Math.min(request.limit, total - from) }, (_, index) => {
    const place = from + index;
    const user = USERS[(place * 7) % USERS.length];
    return {
      user_id: user?.id ?? "",
      email: user?.email ?? null,
      occurred_at: new Date(Date.parse(AS_OF) - place * 911).toISOString(),
      event_key: `0197a3c2-4444-7000-8000-${String(place).padStart(12, "0")}`,
      event_type: "ai.prompt",
      feature: ["chat", "search", "export"][place % 3] ?? null,
      provider: "atlas",
      model: place % 5 === 4 ? null : "atlas-2",
      endpoint: "/v1/chat",
      plan_code: user?.plan_code ?? null,
      status: place % 41 === 7 ? "error" : place % 53 === 9 ? "rate_limited" : "success",
      team_id: null,
      quantity: 1,
      tokens: 400 + ((place * 97) % 4200),
      bytes_out: 2048,
      cost: place % 17 === 3 ? null : "0.001204500",
      latency_ms: place % 29 === 2 ? null : 120 + ((place * 61) % 900),
    };
  });
  return {
    freshness: FRESH,
    rows,
    total,
    next: from + rows.length < total ? String(from + rows.length) : null,
    rows_since: null,
    older: null,
  };
}
