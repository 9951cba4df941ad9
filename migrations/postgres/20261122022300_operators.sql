set local role steward_owner;

create or replace function steward.list_operators()
returns table (login text, name text, role text, is_named boolean, can_log_in boolean, is_connected boolean, last_change_at timestamptz, valid_until timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    if not pg_has_role(session_user, 'steward_admin', 'member') then
        raise exception 'The list of operators takes a login of steward_admin.' using errcode = '42501';
    end if;
    return query
    select coalesce(o.login, r.rolname::text), o.name,
        -- What the login may do decides, not what it is called.
        case when m.admin then 'admin' when m.support then 'support' when m.finance then 'finance' when m.viewer then 'viewer' end,
        o.login is not null, coalesce(r.rolcanlogin, false),
        exists (select from pg_stat_activity s where s.usename = coalesce(o.login, r.rolname::text)),
        (select max(a.at) from steward.audit_log a where a.login = coalesce(o.login, r.rolname::text)),
        nullif(r.rolvaliduntil, 'infinity')
    from (
        select x.oid, x.rolname, x.rolcanlogin, x.rolvaliduntil from pg_roles x
        where x.rolcanlogin and not x.rolsuper and pg_has_role(x.oid, 'steward_viewer', 'member')
    ) r
    full join steward.operators o on o.login = r.rolname
    left join lateral (
        select pg_has_role(r.oid, 'steward_admin', 'member') as admin, pg_has_role(r.oid, 'steward_support', 'member') as support,
            pg_has_role(r.oid, 'steward_finance', 'member') as finance, pg_has_role(r.oid, 'steward_viewer', 'member') as viewer
    ) m on r.oid is not null
    order by 1;
end
$$;
comment on function steward.list_operators() is 'Everybody who may use the console: logins that are members of a console role, with their name where it is known, whether they are connected now and when they last changed something. role null: the name is kept, the login is gone.';

create or replace function steward.create_operator(intent uuid, login text, name text, role text, reason text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    answer jsonb;
begin
    if not pg_has_role(session_user, 'steward_admin', 'member') then
        raise exception 'Making operators takes a login of steward_admin.' using errcode = '42501';
    end if;
    answer := steward.claim_intent(create_operator.intent, 'create_operator', jsonb_build_object('login', login, 'name', name, 'role', role), reason);
    if answer is not null then
        return answer;
    end if;
    if login is null or login !~ '^[a-z][a-z0-9_]{0,62}$' or login ~ '^(pg_|steward_)' or login in ('public', 'none', 'anon', 'authenticated', 'authenticator', 'service_role', 'postgres') then
        raise exception 'A login is a small letter and then small letters, digits and _, and none of the server''s own names.' using errcode = 'ST400', column = 'login';
    elsif coalesce(btrim(name), '') = '' or length(name) > 200 then
        raise exception 'An operator has a name.' using errcode = 'ST400', column = 'name';
    elsif role is null or role not in ('viewer', 'finance', 'support', 'admin') then
        raise exception 'A role is viewer, finance, support or admin.' using errcode = 'ST400', column = 'role';
    elsif exists (select from steward.operators o where o.login = create_operator.login) or exists (select from pg_roles r where r.rolname = create_operator.login) then
        raise exception 'The login % exists already.', login using errcode = 'ST400', column = 'login';
    end if;
    insert into steward.operators (login, name, role) values (create_operator.login, btrim(create_operator.name), create_operator.role);
    return steward.finish_intent(create_operator.intent, null);
end
$$;
comment on function steward.create_operator(uuid, text, text, text, text) is 'Names an operator. The console makes the login itself in the same transaction, as the person who asked: create role … in role steward_….';

create or replace function steward.remove_operator(intent uuid, login text, reason text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    answer jsonb;
begin
    if not pg_has_role(session_user, 'steward_admin', 'member') then
        raise exception 'Removing operators takes a login of steward_admin.' using errcode = '42501';
    end if;
    answer := steward.claim_intent(remove_operator.intent, 'remove_operator', jsonb_build_object('login', login), reason);
    if answer is not null then
        return answer;
    end if;
    if login = session_user then
        raise exception 'Nobody removes himself.' using errcode = 'ST400', column = 'login';
    end if;
    delete from steward.operators o where o.login = remove_operator.login;
    if not found then
        raise exception 'There is no operator %.', quote_literal(coalesce(login, '')) using errcode = 'ST404', column = 'login';
    end if;
    return steward.finish_intent(remove_operator.intent, null);
end
$$;
comment on function steward.remove_operator(uuid, text, text) is 'Forgets an operator; what he did stays in the audit log. The console drops the login in the same transaction.';

grant execute on function steward.list_operators(), steward.create_operator(uuid, text, text, text, text), steward.remove_operator(uuid, text, text) to steward_admin;
