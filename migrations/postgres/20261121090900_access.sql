set local role steward_owner;

-- Whole tables only: who has but some columns of a table cannot lock it.
grant select on
    steward.migrations, steward.meta, steward.change_log,
    steward.plans, steward.plan_limits, steward.plan_features,
    steward.users, steward.operators, steward.teams, steward.team_members,
    steward.subscriptions, steward.subscription_changes,
    steward.usage_events, steward.usage_counters, steward.audit_log
to steward_viewer;

do $$
declare
    name text;
begin
    for name in
        select c.relname from pg_catalog.pg_class c
        where c.relnamespace = 'steward'::regnamespace and c.relkind in ('r', 'p')
    loop
        execute format('alter table steward.%I enable row level security', name);
    end loop;
    foreach name in array array[
        'migrations', 'meta', 'change_log', 'plans', 'plan_limits', 'plan_features', 'users', 'operators', 'teams',
        'team_members', 'subscriptions', 'subscription_changes', 'usage_events', 'usage_counters', 'audit_log'
    ] loop
        execute format('create policy console_reads_all on steward.%I for select to steward_viewer using (true)', name);
    end loop;
end
$$;

-- What a user of the product may see of it, whatever role the web API in front of the database gives him.
create policy own_rows on steward.users for select using (id = steward.current_user_id());
create policy own_rows on steward.subscriptions for select using (user_id = steward.current_user_id());
create policy own_rows on steward.usage_events for select using (user_id = steward.current_user_id());
create policy own_rows on steward.usage_counters for select using (user_id = steward.current_user_id());
create policy own_rows on steward.team_members for select using (user_id = steward.current_user_id());
create policy own_rows on steward.teams for select using (
    exists (select from steward.team_members m where m.team_id = teams.id and m.user_id = steward.current_user_id())
);
create policy offered_rows on steward.plans for select using (
    steward.current_user_id() is not null
    and (
        custom_for_team is null
        or exists (select from steward.team_members m where m.team_id = plans.custom_for_team and m.user_id = steward.current_user_id())
    )
);
create policy offered_rows on steward.plan_limits for select using (exists (select from steward.plans p where p.code = plan_limits.plan_code));
create policy offered_rows on steward.plan_features for select using (exists (select from steward.plans p where p.code = plan_features.plan_code));

create function steward.let_users_read(role_name text) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    execute format('grant usage on schema steward to %I', role_name);
    execute format(
        'grant select on steward.users, steward.subscriptions, steward.usage_events, steward.usage_counters, steward.team_members, steward.teams, steward.plans, steward.plan_limits, steward.plan_features to %I',
        role_name
    );
end
$$;
comment on function steward.let_users_read(text) is 'Lets the role that users of the product work as read their own rows, and no others.';

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'authenticated') then
        perform steward.let_users_read('authenticated');
    end if;
end
$$;
