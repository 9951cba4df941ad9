set local role steward_owner;

create table steward.operators (
    login text not null,
    name text not null,
    role text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    revision bigint not null default 1,
    constraint operators_pkey primary key (login),
    constraint operators_role_known check (role in ('viewer', 'finance', 'support', 'admin'))
);
comment on table steward.operators is 'The people who use the console, by their database login. It names people in the audit log; what they may do is decided by the roles of the login.';
create trigger touch before update on steward.operators for each row execute function steward.touch();

create table steward.audit_log (
    id bigint generated always as identity,
    at timestamptz not null default now(),
    intent uuid,
    login text not null,
    operator text,
    client text,
    action text not null,
    reason text not null default '',
    table_name text not null,
    row_key jsonb not null,
    before jsonb,
    after jsonb,
    xid bigint not null,
    previous_hash text not null,
    hash text not null,
    tx bigint not null default pg_current_xact_id()::text::bigint,
    constraint audit_log_pkey primary key (id),
    constraint audit_log_chain_unforked unique (previous_hash)
);
create index audit_log_by_intent on steward.audit_log (intent) where intent is not null;
create index audit_log_by_tx on steward.audit_log using brin (tx) with (pages_per_range = 32, autosummarize = on);
comment on table steward.audit_log is 'Who changed what: one row per changed row, chained by hashes, never changed itself.';
comment on column steward.audit_log.intent is 'The operation; null for a change made past the actions.';
comment on column steward.audit_log.login is 'session_user: who logged in, whatever role the session took on.';
comment on column steward.audit_log.client is 'application_name of the session.';
comment on column steward.audit_log.action is 'The SQL function, or direct for a change made past the actions.';
comment on column steward.audit_log.before is 'The touched columns before; null for a new row.';
comment on column steward.audit_log.after is 'The touched columns after; null for a removed row.';
comment on column steward.audit_log.previous_hash is 'hash of the row before; 64 zeros for the first.';
comment on column steward.audit_log.hash is 'SHA-256 over previous_hash and every other column.';
comment on column steward.audit_log.tx is 'Writing transaction: readers find new rows by it.';

create function steward.audit_hash(entry steward.audit_log) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
    select encode(sha256(convert_to(jsonb_build_array(
        entry.previous_hash, entry.id,
        to_char(entry.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        entry.intent, entry.login, entry.operator, entry.client, entry.action, entry.reason,
        entry.table_name, entry.row_key, entry.before, entry.after, entry.xid
    )::text, 'UTF8')), 'hex')
$$;
comment on function steward.audit_hash(steward.audit_log) is 'The hash this entry has to carry.';

create function steward.audit() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    -- Bookkeeping: who last came by is not a change somebody made.
    quiet constant text[] := array['updated_at', 'revision', 'last_seen_at'];
    old_row jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
    new_row jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
    touched text[];
    entry steward.audit_log;
begin
    if tg_op = 'UPDATE' then
        select array_agg(k) into touched
        from jsonb_object_keys(new_row) k
        where k <> all (quiet) and old_row -> k is distinct from new_row -> k;
        if touched is null then
            return null;
        end if;
        select jsonb_object_agg(k, old_row -> k), jsonb_object_agg(k, new_row -> k)
        into entry.before, entry.after
        from unnest(touched) k;
    else
        entry.before := old_row - quiet;
        entry.after := new_row - quiet;
    end if;
    entry.intent := nullif(current_setting('steward.intent', true), '')::uuid;
    entry.action := coalesce(nullif(current_setting('steward.action', true), ''), 'direct');
    -- Sign-ups and the like are the platform's daily work; their rows tell when they were made.
    if tg_op = 'INSERT' and entry.action = 'direct' and tg_nargs > 0 and tg_argv[tg_nargs - 1] = 'inserts by actions only' then
        return null;
    end if;
    entry.at := now();
    entry.login := session_user;
    entry.operator := (select o.name from steward.operators o where o.login = session_user);
    entry.client := nullif(current_setting('application_name', true), '');
    entry.reason := coalesce(current_setting('steward.reason', true), '');
    entry.table_name := tg_table_name;
    entry.row_key := (
        select jsonb_object_agg(k, coalesce(new_row, old_row) -> k) from unnest(tg_argv) k where k <> 'inserts by actions only'
    );
    entry.xid := pg_current_xact_id()::text::bigint;
    -- One writer of the chain at a time, until its transaction ends: the next one has to see this hash.
    perform pg_advisory_xact_lock(hashtextextended('steward.audit_log', 0));
    entry.previous_hash := coalesce((select a.hash from steward.audit_log a order by a.id desc limit 1), repeat('0', 64));
    entry.id := nextval(pg_get_serial_sequence('steward.audit_log', 'id'));
    entry.hash := steward.audit_hash(entry);
    insert into steward.audit_log (id, at, intent, login, operator, client, action, reason, table_name, row_key, before, after, xid, previous_hash, hash)
    overriding system value
    values (entry.id, entry.at, entry.intent, entry.login, entry.operator, entry.client, entry.action, entry.reason, entry.table_name, entry.row_key, entry.before, entry.after, entry.xid, entry.previous_hash, entry.hash);
    return null;
end
$$;
comment on function steward.audit() is 'Row trigger: writes the audit entry of a changed row. Arguments: the key''s columns, then perhaps ''inserts by actions only''. Reads steward.intent, steward.action and steward.reason of the transaction.';

create function steward.enable_audit(table_name text, all_inserts boolean default true) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    relation constant regclass := ('steward.' || quote_ident(table_name))::regclass;
    arguments text;
begin
    select string_agg(quote_literal(a.attname), ', ' order by k.place)
    into arguments
    from pg_index i
    cross join unnest(i.indkey::smallint[]) with ordinality as k (attnum, place)
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
    where i.indrelid = relation and i.indisprimary;
    if not all_inserts then
        arguments := arguments || ', ' || quote_literal('inserts by actions only');
    end if;
    execute format('create trigger audit after insert or update or delete on %s for each row execute function steward.audit(%s)', relation, arguments);
    execute format('alter table %s enable always trigger audit', relation);
end
$$;
comment on function steward.enable_audit(text, boolean) is 'Audits a table. Without all inserts, new rows are audited only when an action makes them.';

create function steward.refuse_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'The table % only grows: its rows are never changed or removed.', tg_table_name using errcode = '42501';
end
$$;
comment on function steward.refuse_change() is 'Trigger of append-only tables.';

create trigger append_only before update or delete on steward.audit_log for each row execute function steward.refuse_change();
create trigger append_only_truncate before truncate on steward.audit_log for each statement execute function steward.refuse_change();
alter table steward.audit_log enable always trigger append_only;
alter table steward.audit_log enable always trigger append_only_truncate;

create function steward.verify_audit() returns table (id bigint, problem text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select c.id,
        case
            when c.hash is distinct from c.expected_hash then 'The entry was changed: its hash is not the one of its content.'
            else 'The entry before it was removed or put in.'
        end
    from (
        select a.id, a.hash, steward.audit_hash(a) as expected_hash, a.previous_hash,
            coalesce(lag(a.hash) over (order by a.id), repeat('0', 64)) as expected_previous
        from steward.audit_log a
    ) c
    where c.hash is distinct from c.expected_hash or c.previous_hash is distinct from c.expected_previous
    order by c.id
$$;
comment on function steward.verify_audit() is 'Every entry of the audit log that does not fit the chain; no row means that it is whole. Entries cut off at the end are noticed by the consoles, which keep the last hash they saw.';
grant execute on function steward.verify_audit() to steward_viewer;

select steward.enable_audit('operators');
select steward.enable_capture('operators');
select steward.enable_capture('audit_log', inserts => false);
