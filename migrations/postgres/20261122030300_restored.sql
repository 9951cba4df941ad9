set local role steward_owner;

create or replace function steward.rotate_epoch() returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    fresh uuid;
begin
    if not pg_has_role(session_user, 'steward_admin', 'member') then
        raise exception 'Only an admin may declare the database restored.' using errcode = '42501';
    end if;
    -- What was logged, sampled and told before belongs to another server's transactions.
    delete from steward.change_log;
    delete from steward.log_samples;
    delete from steward.acks;
    update steward.meta
    set epoch = gen_random_uuid(), sysid = (pg_control_system()).system_identifier, floor_xid = pg_current_xact_id()
    returning epoch into fresh;
    return fresh;
end
$$;
