-- Where accounts live in auth.users (Supabase), every sign-up becomes a user here. As the installing login: the trigger
-- is made on a table that is not ours.
set local role steward_owner;

create function steward.follow_account() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    account constant jsonb := to_jsonb(new);
    profile constant jsonb := coalesce(account -> 'raw_user_meta_data', '{}');
begin
    if tg_op = 'DELETE' then
        update steward.users
        set status = 'erased', email = 'erased-' || old.id || '@users.invalid', name = null, country = null
        where id = old.id;
        return old;
    end if;
    -- Nothing in here may keep anybody from signing up: an address that is taken leaves the account without a row.
    if tg_op = 'INSERT' then
        insert into steward.users (id, email, name, plan_code, created_at)
        values (
            new.id, coalesce(account ->> 'email', ''), coalesce(profile ->> 'full_name', profile ->> 'name'),
            steward.default_plan(), coalesce((account ->> 'created_at')::timestamptz, now())
        )
        on conflict do nothing;
    else
        update steward.users u set email = coalesce(account ->> 'email', '')
        where u.id = new.id and u.email is distinct from coalesce(account ->> 'email', '')
          and not exists (select from steward.users o where lower(o.email) = lower(account ->> 'email') and o.id <> new.id and o.status <> 'erased');
    end if;
    return new;
end
$$;
comment on function steward.follow_account() is 'Trigger of auth.users: a sign-up makes a user, a new address follows, a removed account is erased.';

reset role;

do $$
begin
    if to_regclass('auth.users') is null or to_regprocedure('auth.uid()') is null then
        return;
    end if;
    execute 'create trigger steward_follows_account after insert or update or delete on auth.users for each row execute function steward.follow_account()';
    execute $backfill$
        insert into steward.users (id, email, name, plan_code, created_at)
        select a.id, coalesce(a.email, ''),
            coalesce(to_jsonb(a) -> 'raw_user_meta_data' ->> 'full_name', to_jsonb(a) -> 'raw_user_meta_data' ->> 'name'),
            steward.default_plan(), coalesce(a.created_at, now())
        from auth.users a
        on conflict do nothing
    $backfill$;
    execute $function$
        create or replace function steward.current_user_id() returns uuid
        language sql stable set search_path = pg_catalog, pg_temp
        as 'select auth.uid()'
    $function$;
end
$$;
