-- Roles belong to the whole cluster: another database of it may have made them already, or be making them now.
do $$
declare
    role_name text;
    member text[];
begin
    foreach role_name in array array['steward_owner', 'steward_viewer', 'steward_finance', 'steward_support', 'steward_admin', 'steward_app'] loop
        if not exists (select from pg_catalog.pg_roles where rolname = role_name) then
            begin
                execute format('create role %I nologin', role_name);
            exception when duplicate_object or unique_violation then
                null;
            end;
        end if;
    end loop;

    -- Since version 16 the right to administer a role and the right to become it are two things.
    if current_setting('server_version_num')::int >= 160000 then
        if not pg_has_role(current_user, 'steward_owner', 'set') then
            execute format('grant steward_owner to %I with inherit true, set true', current_user);
        end if;
    elsif not pg_has_role(current_user, 'steward_owner', 'member') then
        begin
            execute format('grant steward_owner to %I', current_user);
        exception when unique_violation then
            null;
        end;
    end if;

    foreach member slice 1 in array array[
        ['steward_viewer', 'steward_finance'],
        ['steward_viewer', 'steward_support'],
        ['steward_finance', 'steward_admin'],
        ['steward_support', 'steward_admin']
    ] loop
        if not pg_has_role(member[2], member[1], 'member') then
            begin
                execute format('grant %I to %I', member[1], member[2]);
            exception when unique_violation then
                null;
            end;
        end if;
    end loop;
end
$$;

create schema steward authorization steward_owner;

set local role steward_owner;

comment on schema steward is 'Steward''s contract: what the company''s backend writes, what the console reads and does. Made by `steward db install`.';

-- A function is callable by nobody until it is granted by name.
alter default privileges for role steward_owner revoke execute on functions from public;

grant usage on schema steward to steward_viewer, steward_app;

create table steward.migrations (
    version bigint not null,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null default now(),
    applied_by text not null default session_user,
    constraint migrations_pkey primary key (version)
);
comment on table steward.migrations is 'The contract''s files this database has.';
comment on column steward.migrations.checksum is 'SHA-256 of the file as it ran, in hex: an applied file is never edited.';

create table steward.meta (
    one boolean not null default true,
    epoch uuid not null default gen_random_uuid(),
    sysid bigint not null default (pg_control_system()).system_identifier,
    floor_xid xid8 not null default '0'::xid8,
    installed_at timestamptz not null default now(),
    version int not null default 0,
    constraint meta_pkey primary key (one),
    constraint meta_is_one_row check (one)
);
comment on table steward.meta is 'What a copy of this database has to agree with before it may be continued.';
comment on column steward.meta.epoch is 'Changed by steward.rotate_epoch() when the database was restored or cloned: every copy is then compared anew.';
comment on column steward.meta.sysid is 'system_identifier of the cluster the epoch belongs to; another one means this is a restored dump.';
comment on column steward.meta.floor_xid is 'Entries of steward.change_log below this transaction were pruned; a copy that has not read so far is compared anew.';
comment on column steward.meta.version is 'Number of migrations applied.';

insert into steward.meta default values;

create function steward.rotate_epoch() returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    fresh uuid;
begin
    if not pg_has_role(session_user, 'steward_admin', 'member') then
        raise exception 'Only an admin may declare the database restored.' using errcode = '42501';
    end if;
    update steward.meta
    set epoch = gen_random_uuid(), sysid = (pg_control_system()).system_identifier
    returning epoch into fresh;
    return fresh;
end
$$;
comment on function steward.rotate_epoch() is 'Says that this database was restored or cloned: every console compares its copy row by row.';
grant execute on function steward.rotate_epoch() to steward_admin;

create function steward.touch() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    new.updated_at := now();
    new.revision := old.revision + 1;
    return new;
end
$$;
comment on function steward.touch() is 'Row trigger: raises revision and sets updated_at on every update.';

create function steward.current_user_id() returns uuid
language sql stable set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub',
        nullif(current_setting('request.jwt.claim.sub', true), '')
    )::uuid
$$;
comment on function steward.current_user_id() is 'The user on whose behalf the session works: the subject of the request''s token, as the web API in front of the database sets it. Null for everybody else.';
grant execute on function steward.current_user_id() to public;
