set local role steward_owner;

alter table steward.change_log drop constraint change_log_op_known;
alter table steward.change_log add constraint change_log_op_known check (op in ('I', 'U', 'D', 'T', 'X'));
comment on column steward.change_log.op is 'I insert, U update (old and new key), D delete, T truncate (no key), X a range of keys changed by one large statement.';
alter table steward.change_log add column keys int not null default 1;
comment on column steward.change_log.keys is 'How many keys the entry has.';
comment on column steward.change_log.pk is 'The columns of the changed keys as a JSON object, of arrays where there are several, times in UTC with microseconds; of an X the first and the last key, both included. steward.changed_keys(pk) takes it apart.';
-- Numbers have to differ within a transaction only, and what is compressed here is read once.
alter table steward.change_log alter column seq set cache 64;
alter table steward.change_log alter column pk set storage external;

create function steward.changed_keys(pk jsonb) returns setof jsonb
language sql immutable set search_path = pg_catalog, pg_temp
as $$
    select jsonb_object_agg(c.key, e.value)
    from jsonb_each(pk) c
    cross join jsonb_array_elements(case jsonb_typeof(c.value) when 'array' then c.value else jsonb_build_array(c.value) end) with ordinality e (value, place)
    group by e.place
    order by e.place
$$;
comment on function steward.changed_keys(jsonb) is 'The keys of an entry of the change log, one object each.';
grant execute on function steward.changed_keys(jsonb) to steward_viewer;

-- A function for each table: its statements are planned once per session instead of at every statement of the platform,
-- and one statement of the platform is few entries, whatever it changed. No exception block in there: it would cost a
-- subtransaction for every statement. No search_path either: setting it costs as much as the entry; every name is
-- qualified instead, and the rows of a trigger come before any table of their name.
create function steward.make_capture(table_name text) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $make$
declare
    relation constant regclass := ('steward.' || quote_ident(table_name))::regclass;
    key_columns text;
    key_arrays text;
    key_object text;
    one_key text;
    first_key text;
    last_key text;
    time_column text;
    few text;
    many text;
    old_and_new text;
begin
    -- Text is ordered by bytes, as the copies order it.
    select
        string_agg(quote_ident(a.attname), ', ' order by k.place),
        string_agg(format('pg_catalog.array_agg(k.%1$I) as %1$I', a.attname), ', ' order by k.place),
        string_agg(format('%L, s.%I', a.attname, a.attname), ', ' order by k.place),
        string_agg(format('%L, k.%I', a.attname, a.attname), ', ' order by k.place),
        string_agg(format('k.%I', a.attname) || case when a.atttypid = 'text'::regtype then ' collate pg_catalog."C"' else '' end, ', ' order by k.place),
        string_agg(format('k.%I', a.attname) || case when a.atttypid = 'text'::regtype then ' collate pg_catalog."C"' else '' end || ' desc', ', ' order by k.place),
        min(a.attname) filter (where a.atttypid = 'timestamptz'::regtype)
    into key_columns, key_arrays, key_object, one_key, first_key, last_key, time_column
    from pg_index i
    cross join unnest(i.indkey::smallint[]) with ordinality as k (attnum, place)
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
    where i.indrelid = relation and i.indisprimary;

    -- What is read by windows of time has its range in time, too.
    if time_column is null then
        first_key := format('select pg_catalog.jsonb_build_object(%s) from %%1$s k order by %s limit 1', one_key, first_key);
        last_key := format('select pg_catalog.jsonb_build_object(%s) from %%1$s k order by %s limit 1', one_key, last_key);
    else
        first_key := format('select pg_catalog.jsonb_build_object(%L, pg_catalog.min(k.%I)) from %%1$s k', time_column, time_column);
        last_key := format('select pg_catalog.jsonb_build_object(%L, pg_catalog.max(k.%I)) from %%1$s k', time_column, time_column);
    end if;
    old_and_new := format('(select %1$s from old_rows union all select %1$s from new_rows)', key_columns);
    -- Most statements change one row: up to two keys are entries of their own, at half the price of an array. What is left
    -- to name: the operation and where the keys come from.
    few := format(
        'insert into steward.change_log (rel, op, pk)
        select %L::pg_catalog.regclass, %%1$L, pg_catalog.jsonb_build_object(%s) from %%2$s k limit 2;
        get diagnostics logged = row_count;',
        relation::text, one_key
    );
    -- Where there were two, all of them follow in one entry, or the two ends of their range.
    many := format(
        'if logged operator(pg_catalog.=) 2 then
            insert into steward.change_log (rel, op, pk, keys)
            select %L::pg_catalog.regclass,
                case when s.n operator(pg_catalog.<=) 50000 then %%1$L else ''X'' end::pg_catalog."char",
                case when s.n operator(pg_catalog.<=) 50000 then pg_catalog.jsonb_build_object(%s)
                    else pg_catalog.jsonb_build_object(''from'', (%%3$s), ''to'', (%%4$s)) end,
                case when s.n operator(pg_catalog.<=) 50000 then s.n else 1 end
            from (select pg_catalog.count(*) as n, %s from %%2$s k) s;
        end if;',
        relation::text, key_object, key_arrays
    );
    execute format(
        $function$
create or replace function steward.%1$I() returns trigger
language plpgsql security definer %2$s
as $body$
declare
    logged bigint;
begin
    if tg_op operator(pg_catalog.=) 'INSERT' then
        %3$s
        %4$s
    elsif tg_op operator(pg_catalog.=) 'UPDATE' then
        %5$s
        %6$s
    elsif tg_op operator(pg_catalog.=) 'DELETE' then
        %7$s
        %8$s
    else
        insert into steward.change_log (rel, op) values (%9$L::pg_catalog.regclass, 'T');
    end if;
    return null;
end
$body$
        $function$,
        'capture_' || table_name,
        case when time_column is null then '' else 'set timezone = ''UTC''' end,
        format(few, 'I', 'new_rows'),
        format(many, 'I', 'new_rows', format(first_key, 'new_rows'), format(last_key, 'new_rows')),
        format(few, 'U', format('((select %1$s from old_rows limit 2) union (select %1$s from new_rows limit 2))', key_columns)),
        format(
            many, 'U', format('(select %1$s from old_rows union select %1$s from new_rows)', key_columns),
            format(first_key, old_and_new), format(last_key, old_and_new)
        ),
        format(few, 'D', 'old_rows'),
        format(many, 'D', 'old_rows', format(first_key, 'old_rows'), format(last_key, 'old_rows')),
        relation::text
    );
    execute format('comment on function steward.%I() is %L', 'capture_' || table_name, 'Statement trigger: logs the keys of changed rows; of a statement that changed more than 50,000 only the range. Made by steward.make_capture.');
end
$make$;
comment on function steward.make_capture(text) is 'Makes the function that logs the changes of one table.';

create or replace function steward.attach_capture(relation regclass, table_name text, inserts boolean) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    logs constant text := format('steward.%I()', 'capture_' || table_name);
    made text;
begin
    if inserts then
        execute format('create trigger capture_insert after insert on %s referencing new table as new_rows for each statement execute function %s', relation, logs);
    end if;
    execute format('create trigger capture_update after update on %s referencing old table as old_rows new table as new_rows for each statement execute function %s', relation, logs);
    execute format('create trigger capture_delete after delete on %s referencing old table as old_rows for each statement execute function %s', relation, logs);
    execute format('create trigger capture_truncate after truncate on %s for each statement execute function %s', relation, logs);
    -- Also for sessions that replay somebody else's changes (session_replication_role = replica).
    for made in
        select tgname from pg_trigger where tgrelid = relation and not tgisinternal and tgname like 'capture\_%'
    loop
        execute format('alter table %s enable always trigger %I', relation, made);
    end loop;
end
$$;
comment on function steward.attach_capture(regclass, text, boolean) is 'Gives one table or partition its capture triggers; steward.make_capture has made their function.';

create or replace function steward.enable_capture(table_name text, inserts boolean default true) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    leaf regclass;
begin
    perform steward.make_capture(table_name);
    perform steward.attach_capture(('steward.' || quote_ident(table_name))::regclass, table_name, inserts);
    for leaf in
        select relid from pg_partition_tree(('steward.' || quote_ident(table_name))::regclass) where level > 0
    loop
        perform steward.attach_capture(leaf, table_name, inserts);
    end loop;
end
$$;

-- Tables and partitions that were captured by the one function for all of them.
do $$
declare
    captured record;
begin
    for captured in
        select distinct convert_from(substr(t.tgargs, 1, position('\000'::bytea in t.tgargs) - 1), 'UTF8') as table_name
        from pg_trigger t where t.tgfoid = 'steward.capture()'::regprocedure
    loop
        perform steward.make_capture(captured.table_name);
    end loop;
    for captured in
        select t.tgrelid::regclass as relation,
            min(convert_from(substr(t.tgargs, 1, position('\000'::bytea in t.tgargs) - 1), 'UTF8')) as table_name,
            bool_or(t.tgname = 'capture_insert') as inserts,
            array_agg(t.tgname) as names
        from pg_trigger t where t.tgfoid = 'steward.capture()'::regprocedure
        group by t.tgrelid
    loop
        execute (select string_agg(format('drop trigger %I on %s', name, captured.relation), '; ') from unnest(captured.names) as name);
        perform steward.attach_capture(captured.relation, captured.table_name, captured.inserts);
    end loop;
end
$$;
drop function steward.capture();
