set local role steward_owner;

-- A column more in the answer makes another function of it; a console that does not know the column leaves it alone.
drop function steward.list_operators();
create function steward.list_operators()
returns table (login text, name text, role text, is_named boolean, can_log_in boolean, is_connected boolean, last_change_at timestamptz, valid_until timestamptz, last_sync_at timestamptz)
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
        nullif(r.rolvaliduntil, 'infinity'),
        (select max(k.acked_at) from steward.acks k where k.login = coalesce(o.login, r.rolname::text))
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
comment on function steward.list_operators() is 'Everybody who may use the console: logins that are members of a console role, with their name where it is known, whether they are connected now, when they last changed something and when a copy of theirs last told what it had read. role null: the name is kept, the login is gone.';
grant execute on function steward.list_operators() to steward_admin;
