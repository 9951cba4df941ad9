import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FC, useCallback, useDeferredValue, useEffect, useMemo, useState } from "react";
import type { UserRow } from "@/api/generated/UserRow";
import type { UserSort } from "@/api/generated/UserSort";
import { ALL_USERS, planListOptions, userPagesOptions } from "@/api/queries";
import { Choice } from "@/components/choice";
import { DataGrid, type GridColumn } from "@/components/data-grid";
import { ExportButton } from "@/components/export-button";
import { Icon } from "@/components/icon";
import { PageHead } from "@/components/page-head";
import { Empty, Failure, Loading } from "@/components/states";
import { NotApplicable, Status } from "@/components/status";
import { countOf, formatMinute, formatNumber } from "@/lib/format";
import { useRefusals } from "@/lib/permits";
import { rangeLabel } from "@/lib/range";
import { useScope, useWorkspace } from "@/lib/scope";
import { ChangePlanSheet } from "./change-plan-sheet";
import { exportUsersCommand, filterOf, type Picked, toggleSelection, userStatus } from "./model";
import { TeamFilter } from "./team-filter";
import { UserDrawer } from "./user-drawer";

const SORTS: { value: UserSort; label: string }[] = [
  { value: "email", label: "By e-mail" },
  { value: "created_at", label: "Newest first" },
  { value: "last_seen_at", label: "Last seen first" },
  { value: "usage", label: "Most events first" },
];

const STATUSES = [
  { value: "active", label: "Active" },
  { value: "suspended", label: "Suspended" },
  { value: "erased", label: "Erased" },
];

const ROLES = [
  { value: "user", label: "Users" },
  { value: "admin", label: "Admins" },
];

const SIGNED_UP = [
  { value: "1d", label: "Signed up today" },
  { value: "7d", label: "Signed up in 7 days" },
  { value: "30d", label: "Signed up in 30 days" },
  { value: "365d", label: "Signed up in a year" },
];

const LAST_SEEN = [
  { value: "24h", label: "Seen in 24 hours" },
  { value: "7d", label: "Seen in 7 days" },
  { value: "30d", label: "Seen in 30 days" },
  { value: "before:30d", label: "Not seen for 30 days" },
  { value: "before:90d", label: "Not seen for 90 days" },
  { value: "never", label: "Never seen" },
];

/** A filter of a few values; one that came with a link and is none of them stays, as it is written. */
const FilterChoice: FC<{
  label: string;
  any: string;
  value: string | undefined;
  options: readonly { value: string; label: string }[];
  onChange: (value: string | undefined) => void;
}> = ({ label, any, value, options, onChange }) => (
  <Choice
    label={label}
    value={value ?? ""}
    className={value === undefined ? "" : "is-on"}
    options={[
      { value: "", label: any },
      ...options,
      ...(value === undefined || options.some((option) => option.value === value)
        ? []
        : [{ value, label: `${label}: ${value}` }]),
    ]}
    onChange={(next) => onChange(next || undefined)}
  />
);

/** Who is this, and what can they do? */
export const UsersView: FC = () => {
  const search = useSearch({ from: "/shell/users" });
  const { zone, range } = useScope();
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const plans = useQuery(planListOptions(workspace.id));
  const [typed, setTyped] = useState(search.search ?? "");
  const wanted = useDeferredValue(typed);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [lastPicked, setLastPicked] = useState<string>();
  const [changing, setChanging] = useState<Picked>();

  const place = useCallback(
    (change: Partial<typeof search>) =>
      void navigate({ to: "/users", replace: true, search: (before) => ({ ...before, ...change }) }),
    [navigate],
  );
  useEffect(() => {
    if (wanted !== (search.search ?? "")) place({ search: wanted || undefined });
  }, [wanted, search.search, place]);

  const request = useMemo(
    () => ({
      ...ALL_USERS,
      search: wanted,
      plan_code: search.plan ?? null,
      status: search.status ?? null,
      role: search.role ?? null,
      team: search.team ?? null,
      signed_up: search.signed ?? null,
      last_seen: search.seen ?? null,
      zone,
      sort: search.sort ?? ALL_USERS.sort,
      usage: range,
    }),
    [wanted, search, zone, range],
  );
  const query = useInfiniteQuery({
    ...userPagesOptions(workspace.id, request),
    placeholderData: keepPreviousData,
  });
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.rows) ?? [], [query.data]);
  const total = query.data?.pages[0]?.total ?? 0;
  const columns = useMemo(() => userColumns(zone, range), [zone, range]);
  const hasFilter =
    wanted !== "" ||
    [search.plan, search.status, search.role, search.team, search.signed, search.seen].some(
      (value) => value !== undefined,
    );
  const planReason = useRefusals()("user_change_plan");
  const clear = () => {
    setTyped("");
    place({
      search: undefined,
      plan: undefined,
      status: undefined,
      role: undefined,
      team: undefined,
      signed: undefined,
      seen: undefined,
    });
  };
  const select = useCallback(
    (id: string, isRange: boolean) => {
      setSelected((before) =>
        toggleSelection(before, rows.map(userId), id, isRange ? lastPicked : undefined),
      );
      setLastPicked(id);
    },
    [rows, lastPicked],
  );
  const closeDrawer = useCallback(() => place({ user: undefined }), [place]);

  return (
    <div className={search.user ? "full has-drawer" : "full"}>
      <PageHead
        title="Users"
        note={query.data ? (hasFilter ? `${countOf(total, "user")} match` : countOf(total, "user")) : ""}
        actions={
          <ExportButton
            name="Users"
            source={{ source: "users", request }}
            command={exportUsersCommand(request)}
          />
        }
      />
      {/* biome-ignore lint/a11y/useSemanticElements: older webviews do not know <search> */}
      <div role="search" className="tools">
        <span className="field-i">
          <Icon name="search" />
          <input
            className="inp"
            type="search"
            aria-label="Search users"
            placeholder="E-mail, name, id"
            value={typed}
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => setTyped(event.target.value)}
          />
        </span>
        <FilterChoice
          label="Plan"
          any="Any plan"
          value={search.plan}
          options={(plans.data?.rows ?? []).map((plan) => ({
            value: plan.code,
            label: `${plan.name}, ${formatNumber(plan.user_count)}`,
          }))}
          onChange={(plan) => place({ plan })}
        />
        <FilterChoice
          label="Status"
          any="Any status"
          value={search.status}
          options={STATUSES}
          onChange={(status) => place({ status })}
        />
        <FilterChoice
          label="Role"
          any="Any role"
          value={search.role}
          options={ROLES}
          onChange={(role) => place({ role })}
        />
        <TeamFilter team={search.team} onChange={(team) => place({ team })} />
        <FilterChoice
          label="Signed up"
          any="Signed up any time"
          value={search.signed}
          options={SIGNED_UP}
          onChange={(signed) => place({ signed })}
        />
        <FilterChoice
          label="Last seen"
          any="Seen any time"
          value={search.seen}
          options={LAST_SEEN}
          onChange={(seen) => place({ seen })}
        />
        <Choice
          label="Order"
          value={search.sort ?? "email"}
          options={SORTS}
          onChange={(sort) => place({ sort: sort as UserSort })}
        />
        {hasFilter && (
          <button type="button" className="btn gh" onClick={clear}>
            Clear filters
          </button>
        )}
        {selected.size > 0 && (
          <span className="picked">
            <b>{countOf(selected.size, "user")} selected</b>
            <button type="button" className="btn gh" onClick={() => setSelected(new Set())}>
              Clear
            </button>
            <button
              type="button"
              className="btn pri"
              disabled={planReason !== undefined}
              title={planReason}
              onClick={() => setChanging({ users: [...selected] })}
            >
              Change plan…
            </button>
            {total > selected.size && (
              <button
                type="button"
                className="btn gh"
                disabled={planReason !== undefined}
                title={planReason}
                onClick={() => setChanging({ filter: filterOf(request), total })}
              >
                Change all {formatNumber(total)} that match…
              </button>
            )}
          </span>
        )}
      </div>
      {query.isPending ? (
        <Loading what="Reading users" rows={10} />
      ) : query.isError && rows.length === 0 ? (
        <Failure
          title="The users could not be read"
          error={query.error}
          onRetry={() => void query.refetch()}
        />
      ) : rows.length === 0 ? (
        <Empty
          title={hasFilter ? "No users match" : "No users yet"}
          actions={
            hasFilter && (
              <button type="button" className="btn" onClick={clear}>
                Clear filters
              </button>
            )
          }
        >
          {hasFilter
            ? "Search takes words of an e-mail address or a name, each by its beginning, or a whole id."
            : "They show here after the first sync."}
        </Empty>
      ) : (
        <DataGrid
          label="Users"
          columns={columns}
          rows={rows}
          rowId={userId}
          total={total}
          openId={search.user}
          isLoadingMore={query.isFetchingNextPage}
          onEndReached={() => query.hasNextPage && void query.fetchNextPage()}
          onOpen={(row) => place({ user: row.id })}
          onEnter={(row) => void navigate({ to: "/users/$user", params: { user: row.id } })}
          sortedBy={search.sort ?? "email"}
          onSort={(sort) => place({ sort: sort as UserSort })}
          selected={selected}
          onSelect={select}
        />
      )}
      {search.user && <UserDrawer user={search.user} onClose={closeDrawer} />}
      {changing && (
        <ChangePlanSheet
          picked={changing}
          onClose={() => setChanging(undefined)}
          onDone={() => {
            setChanging(undefined);
            setSelected(new Set());
          }}
        />
      )}
    </div>
  );
};

const userId = (row: UserRow) => row.id;

function userColumns(zone: string, range: string): GridColumn<UserRow>[] {
  return [
    {
      id: "name",
      header: "Name",
      track: "minmax(112px, 1.4fr)",
      cell: (row) => <span className="m">{row.name}</span>,
    },
    {
      id: "email",
      header: "E-mail",
      track: "minmax(144px, 2fr)",
      sort: { key: "email", direction: "ascending" },
      cell: (row) => (row.email === "" ? <span className="null">none</span> : row.email),
    },
    {
      id: "plan",
      header: "Plan",
      track: "80px",
      cell: (row) => (row.plan_code === "" ? <span className="null">none</span> : row.plan_code),
    },
    {
      id: "status",
      header: "Status",
      track: "104px",
      cell: (row) => {
        const { tone, word } = userStatus(row.status);
        return <Status tone={tone}>{word}</Status>;
      },
    },
    { id: "role", header: "Role", track: "56px", cell: (row) => <span className="t2">{row.role}</span> },
    {
      id: "seen",
      header: "Last seen",
      track: "132px",
      sort: { key: "last_seen_at", direction: "descending" },
      cell: (row) =>
        row.last_seen_at ? (
          <span className="t2">{formatMinute(row.last_seen_at, zone)}</span>
        ) : (
          <span className="null">never</span>
        ),
    },
    {
      id: "created",
      header: "Created",
      track: "132px",
      sort: { key: "created_at", direction: "descending" },
      cell: (row) => <span className="t2">{formatMinute(row.created_at, zone)}</span>,
    },
    {
      id: "events",
      header: `Events, ${rangeLabel(range).toLowerCase()}`,
      track: "136px",
      isNumber: true,
      sort: { key: "usage", direction: "descending" },
      cell: (row) => (row.events === null ? <NotApplicable /> : formatNumber(row.events)),
    },
  ];
}
