set local role steward_owner;

create table steward.log_samples (
    taken_at timestamptz not null default clock_timestamp(),
    ended_before xid8 not null,
    constraint log_samples_pkey primary key (taken_at)
);
comment on table steward.log_samples is 'Which transactions had ended when: days become transactions, so that the change log can be pruned by time.';
comment on column steward.log_samples.ended_before is 'Every transaction before this one had ended.';
alter table steward.log_samples enable row level security;

create function steward.prune_log(keep interval default '30 days', max_entries bigint default 5000000) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    ended xid8;
    floor xid8;
    beyond xid8;
    removed bigint;
begin
    if not pg_has_role(session_user, 'steward_admin', 'member') and not pg_has_role(session_user, 'steward_app', 'member') and not pg_has_role(session_user, 'steward_owner', 'member') then
        raise exception 'Only an admin and the platform may prune the change log.' using errcode = '42501';
    end if;
    if keep < interval '0' or max_entries < 0 then
        raise exception 'Name how long and how much to keep.' using errcode = 'ST400';
    end if;
    if not pg_try_advisory_xact_lock(hashtextextended('steward.change_log', 0)) then
        return 0;
    end if;
    ended := pg_snapshot_xmin(pg_current_snapshot());
    if not exists (select from steward.log_samples where taken_at > clock_timestamp() - interval '1 hour') then
        insert into steward.log_samples (ended_before) values (ended);
    end if;
    select s.ended_before into floor from steward.log_samples s where s.taken_at <= clock_timestamp() - keep order by s.taken_at desc limit 1;
    select l.xid into beyond from steward.change_log l order by l.xid desc, l.seq desc offset max_entries limit 1;
    floor := greatest(floor, beyond);
    if floor is null then
        return 0;
    end if;
    -- Nothing may appear below the floor later: what still runs stays above it.
    floor := least(floor, ended);
    delete from steward.change_log where xid < floor;
    get diagnostics removed = row_count;
    -- The floor moves in the transaction that removes, so that a reader sees both or neither.
    update steward.meta set floor_xid = floor where floor_xid < floor;
    delete from steward.log_samples s where s.taken_at < (
        select max(o.taken_at) from steward.log_samples o where o.taken_at <= clock_timestamp() - keep);
    delete from steward.acks where acked_at < clock_timestamp() - interval '400 days';
    return removed;
end
$$;
comment on function steward.prune_log(interval, bigint) is 'Removes entries of the change log that are older than this, and the oldest where there are more than so many; returns how many. Consoles that have not read so far compare their copies anew. Call it daily.';
grant execute on function steward.prune_log(interval, bigint) to steward_admin, steward_app;

create or replace function steward.prune_change_log(before xid8) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    floor constant xid8 := least(before, pg_snapshot_xmin(pg_current_snapshot()));
    removed bigint;
begin
    if not pg_has_role(session_user, 'steward_admin', 'member') then
        raise exception 'Only an admin may prune the change log.' using errcode = '42501';
    end if;
    delete from steward.change_log where xid < floor;
    get diagnostics removed = row_count;
    update steward.meta set floor_xid = greatest(floor_xid, floor);
    return removed;
end
$$;
