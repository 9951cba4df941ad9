set local role steward_owner;

create table steward.change_log (
    seq bigint generated always as identity,
    xid xid8 not null default pg_current_xact_id(),
    rel oid not null,
    op "char" not null,
    pk jsonb,
    constraint change_log_pkey primary key (xid, seq),
    constraint change_log_op_known check (op in ('I', 'U', 'D', 'T'))
);
comment on table steward.change_log is 'Keys of changed rows, by the transaction that changed them. Readers fetch the rows as they are now; nothing is replayed.';
comment on column steward.change_log.xid is 'Top-level transaction: neither it nor seq is the order of commits, so readers select by snapshot.';
comment on column steward.change_log.rel is 'The table; for a partition the table it belongs to.';
comment on column steward.change_log.op is 'I insert, U update (old and new key), D delete, T truncate (no key).';
comment on column steward.change_log.pk is 'The key''s columns as a JSON object; times in UTC with microseconds.';

-- No exception block in here: it would cost a subtransaction for every statement of the platform.
create function steward.capture() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    rel constant oid := ('steward.' || quote_ident(tg_argv[0]))::regclass;
begin
    if tg_op = 'TRUNCATE' then
        insert into steward.change_log (rel, op) values (rel, 'T');
    elsif tg_op = 'UPDATE' then
        execute format(
            'insert into steward.change_log (rel, op, pk) select $1, ''U'', %s from (select %s from old_rows union select %2$s from new_rows) k',
            tg_argv[1], tg_argv[2]
        ) using rel;
    elsif tg_op = 'INSERT' then
        execute format('insert into steward.change_log (rel, op, pk) select $1, ''I'', %s from new_rows k', tg_argv[1]) using rel;
    else
        execute format('insert into steward.change_log (rel, op, pk) select $1, ''D'', %s from old_rows k', tg_argv[1]) using rel;
    end if;
    return null;
end
$$;
comment on function steward.capture() is 'Statement trigger: logs the keys of changed rows. Arguments: table, key as a JSON expression over k, key columns.';

-- Triggers of a partitioned table fire for statements on the table, those of a partition for statements on the partition,
-- never both; hence every one gets its own.
create function steward.attach_capture(relation regclass, table_name text, inserts boolean) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    key_object text;
    key_columns text;
    arguments text;
    made text;
begin
    select
        'jsonb_build_object(' || string_agg(format('%L, k.%I', a.attname, a.attname), ', ' order by k.place) || ')',
        string_agg(quote_ident(a.attname), ', ' order by k.place)
    into key_object, key_columns
    from pg_index i
    cross join unnest(i.indkey::smallint[]) with ordinality as k (attnum, place)
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
    where i.indrelid = ('steward.' || quote_ident(table_name))::regclass and i.indisprimary;
    arguments := format('%L, %L, %L', table_name, key_object, key_columns);

    if inserts then
        execute format('create trigger capture_insert after insert on %s referencing new table as new_rows for each statement execute function steward.capture(%s)', relation, arguments);
    end if;
    execute format('create trigger capture_update after update on %s referencing old table as old_rows new table as new_rows for each statement execute function steward.capture(%s)', relation, arguments);
    execute format('create trigger capture_delete after delete on %s referencing old table as old_rows for each statement execute function steward.capture(%s)', relation, arguments);
    execute format('create trigger capture_truncate after truncate on %s for each statement execute function steward.capture(%s)', relation, arguments);
    -- Also for sessions that replay somebody else's changes (session_replication_role = replica).
    for made in
        select tgname from pg_trigger where tgrelid = relation and not tgisinternal and tgname like 'capture\_%'
    loop
        execute format('alter table %s enable always trigger %I', relation, made);
    end loop;
end
$$;
comment on function steward.attach_capture(regclass, text, boolean) is 'Gives one table or partition its capture triggers.';

create function steward.enable_capture(table_name text, inserts boolean default true) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    leaf regclass;
begin
    perform steward.attach_capture(('steward.' || quote_ident(table_name))::regclass, table_name, inserts);
    for leaf in
        select relid from pg_partition_tree(('steward.' || quote_ident(table_name))::regclass) where level > 0
    loop
        perform steward.attach_capture(leaf, table_name, inserts);
    end loop;
end
$$;
comment on function steward.enable_capture(text, boolean) is 'Logs the changes of a table of this schema and of its partitions. Without inserts where a row carries its writer in tx.';

create function steward.prune_change_log(before xid8) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    removed bigint;
begin
    if not pg_has_role(session_user, 'steward_admin', 'member') then
        raise exception 'Only an admin may prune the change log.' using errcode = '42501';
    end if;
    -- The floor moves in the transaction that removes, so that a reader sees both or neither.
    delete from steward.change_log where xid < before;
    get diagnostics removed = row_count;
    update steward.meta set floor_xid = greatest(floor_xid, before);
    return removed;
end
$$;
comment on function steward.prune_change_log(xid8) is 'Removes entries of transactions before this one; consoles that have not read so far compare their copies anew.';
grant execute on function steward.prune_change_log(xid8) to steward_admin;
