set local role steward_owner;

create table steward.acks (
    client uuid not null,
    n bigint not null,
    nonces uuid[] not null,
    login text not null default session_user,
    acked_at timestamptz not null default clock_timestamp(),
    constraint acks_pkey primary key (client)
) with (fillfactor = 50);
comment on table steward.acks is 'What each console''s copy has told it has read: a console that finds less here than it told knows that the server went back in time.';
comment on column steward.acks.n is 'How often it has told.';
comment on column steward.acks.nonces is 'The random words it told, newest first; the last 32.';
comment on column steward.acks.login is 'Who told last.';

alter table steward.acks enable row level security;
create policy console_reads_all on steward.acks for select to steward_viewer using (true);
grant select on steward.acks to steward_viewer;

create function steward.ack(client uuid, expect_n bigint, expect_nonce uuid, new_nonce uuid) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    told steward.acks;
begin
    if not pg_has_role(session_user, 'steward_viewer', 'member') then
        raise exception 'Only consoles tell what they have read.' using errcode = '42501';
    end if;
    select * into told from steward.acks a where a.client = ack.client for update;
    if not found then
        if expect_n <> 0 then
            return null;
        end if;
        insert into steward.acks (client, n, nonces) values (ack.client, 1, array[new_nonce]);
        return 1;
    end if;
    -- Told before, and the answer was lost.
    if told.nonces[1] = new_nonce then
        return told.n;
    end if;
    -- A console whose own file lost its last moments finds its word a little further back.
    if expect_nonce is null or expect_n > told.n or told.nonces[1 + told.n - expect_n] is distinct from expect_nonce then
        return null;
    end if;
    update steward.acks a
    set n = told.n + 1, nonces = (array[new_nonce] || told.nonces)[1:32], login = session_user, acked_at = clock_timestamp()
    where a.client = ack.client;
    return told.n + 1;
end
$$;
comment on function steward.ack(uuid, bigint, uuid, uuid) is 'A console tells that it has read everything up to now, naming its last word and a new one; returns how often it has told, or null when the server does not know the last word: then this is not the server it read from.';
grant execute on function steward.ack(uuid, bigint, uuid, uuid) to steward_viewer;
