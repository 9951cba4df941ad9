set local role steward_owner;

create table steward.usage_meters (
    metric text not null,
    event_types text[],
    features text[],
    measure text not null default 'quantity',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    revision bigint not null default 1,
    constraint usage_meters_pkey primary key (metric),
    constraint usage_meters_metric_shape check (metric ~ '^[a-z][a-z0-9_]{0,62}$'),
    constraint usage_meters_measure_known check (measure in ('quantity', 'events', 'bytes_out', 'credits', 'input_tokens', 'output_tokens', 'tokens'))
);
comment on table steward.usage_meters is 'How events become counted metrics. A metric is the sum of one measure over the events that match, so that counters can always be counted again from the events.';
comment on column steward.usage_meters.event_types is 'Null is every type.';
comment on column steward.usage_meters.features is 'Null is every feature, also none.';
comment on column steward.usage_meters.measure is 'events counts 1 per event; tokens is input and output together; the others are the column of that name.';
create trigger touch before update on steward.usage_meters for each row execute function steward.touch();
insert into steward.usage_meters (metric, event_types, measure) values
    ('prompts', '{prompt}', 'quantity'),
    ('e2e_runs', '{e2e_run}', 'quantity'),
    ('snapshots', '{snapshot}', 'quantity'),
    ('images', '{image}', 'quantity'),
    ('exports', '{export}', 'quantity'),
    ('api_calls', '{api_call}', 'quantity'),
    ('content_generations', '{content}', 'quantity'),
    ('image_generations', '{image}', 'quantity'),
    ('video_generations', '{video}', 'quantity'),
    ('chat_messages', '{chat}', 'quantity'),
    ('bytes_out', null, 'bytes_out'),
    ('credits', null, 'credits');

create table steward.quota_overrides (
    id uuid not null default gen_random_uuid(),
    user_id uuid,
    team_id uuid,
    api_key_id uuid,
    metric text not null,
    period text not null,
    limit_value bigint,
    starts_at timestamptz,
    until timestamptz not null,
    reason text not null default '',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    revision bigint not null default 1,
    constraint quota_overrides_pkey primary key (id),
    constraint quota_overrides_user_exists foreign key (user_id) references steward.users (id) on delete cascade,
    constraint quota_overrides_team_exists foreign key (team_id) references steward.teams (id) on delete cascade,
    constraint quota_overrides_one_subject check (case when api_key_id is null then num_nonnulls(user_id, team_id) > 0 else num_nonnulls(user_id, team_id) = 0 end),
    constraint quota_overrides_period_known check (period in ('minute', 'day', 'month', 'lifetime')),
    constraint quota_overrides_value_not_negative check (limit_value >= 0),
    constraint quota_overrides_ends check (isfinite(until) and until > starts_at)
);
create index quota_overrides_by_user on steward.quota_overrides (user_id) where user_id is not null;
create index quota_overrides_by_team on steward.quota_overrides (team_id) where team_id is not null;
create index quota_overrides_by_key on steward.quota_overrides (api_key_id) where api_key_id is not null;
comment on table steward.quota_overrides is 'Raised limits for a time. They end by themselves: whoever asks compares with the time, nothing has to be put back.';
comment on column steward.quota_overrides.user_id is 'The user; together with team_id the user as member of that team.';
comment on column steward.quota_overrides.team_id is 'Each member of the team, where there is no user_id.';
comment on column steward.quota_overrides.api_key_id is 'Whatever is done with this key.';
comment on column steward.quota_overrides.limit_value is 'Null is unlimited. It raises and never lowers: the better one of the plan''s and this counts.';
comment on column steward.quota_overrides.starts_at is 'The first instant it holds; null is since it was made.';
comment on column steward.quota_overrides.until is 'The first instant it no longer holds.';
create trigger touch before update on steward.quota_overrides for each row execute function steward.touch();

create table steward.rate_limits (
    id uuid not null default gen_random_uuid(),
    scope text not null,
    subject_id uuid,
    metric text not null,
    seconds int not null,
    limit_value bigint not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    revision bigint not null default 1,
    constraint rate_limits_pkey primary key (id),
    constraint rate_limits_scope_known check (scope in ('everyone', 'user', 'team', 'key')),
    constraint rate_limits_subject_given check ((scope = 'everyone') = (subject_id is null)),
    constraint rate_limits_seconds_sensible check (seconds between 1 and 86400),
    constraint rate_limits_value_not_negative check (limit_value >= 0)
);
create unique index rate_limits_one_per_window on steward.rate_limits (scope, coalesce(subject_id, '00000000-0000-0000-0000-000000000000'), metric, seconds);
comment on table steward.rate_limits is 'Rates beside those of the plans: so many of a metric in a window of seconds.';
comment on column steward.rate_limits.scope is 'everyone: each user for himself; user, team, key: this one, a team''s members together.';
create trigger touch before update on steward.rate_limits for each row execute function steward.touch();

create table steward.rate_windows (
    scope text not null,
    subject_id uuid not null,
    metric text not null,
    seconds int not null,
    window_start timestamptz not null,
    used bigint not null,
    constraint rate_windows_pkey primary key (scope, subject_id, metric, seconds),
    constraint rate_windows_scope_known check (scope in ('user', 'team', 'key')),
    constraint rate_windows_used_not_negative check (used >= 0)
) with (fillfactor = 70);
comment on table steward.rate_windows is 'The window each rate is in. One row that moves on: windows of the past are not kept.';
comment on column steward.rate_windows.window_start is 'Windows are aligned to 1970-01-01 00:00 UTC: a minute is a minute of the clock.';

create function steward.period_key(period text, at timestamptz) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
    select case period_key.period
        when 'month' then to_char(at at time zone 'UTC', 'YYYY-MM')
        when 'day' then to_char(at at time zone 'UTC', 'YYYY-MM-DD')
        when 'lifetime' then 'lifetime'
    end
$$;
comment on function steward.period_key(text, timestamptz) is 'Name of the period in usage_counters: YYYY-MM, YYYY-MM-DD (UTC) or lifetime; null for a minute, which is a window.';

create function steward.period_end(period text, at timestamptz) returns timestamptz
language sql stable set search_path = pg_catalog, pg_temp
as $$
    select case period_end.period
        when 'month' then (date_trunc('month', at at time zone 'UTC') + interval '1 month') at time zone 'UTC'
        when 'day' then (date_trunc('day', at at time zone 'UTC') + interval '1 day') at time zone 'UTC'
        when 'minute' then date_bin('1 minute', at, timestamptz '1970-01-01 00:00:00+00') + interval '1 minute'
    end
$$;
comment on function steward.period_end(text, timestamptz) is 'When the period of this instant ends and counting starts again at 0; null for lifetime.';

create function steward.effective_limits(user_id uuid, at timestamptz default statement_timestamp(), api_key_id uuid default null)
returns table (metric text, period text, kind text, plan_limit bigint, limit_value bigint, override_id uuid, until timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select l.metric, l.period, l.kind, l.plan_limit,
        case when o.id is null then l.plan_limit else o.limit_value end, o.id, o.until
    from (
        -- 999,999 of a soft limit is an older way to write unlimited.
        select p.metric, p.period, p.kind, case when p.kind = 'soft' then nullif(p.limit_value, 999999) else p.limit_value end as plan_limit
        from steward.plan_limits p
        where p.plan_code = (select coalesce(u.plan_code, steward.default_plan()) from steward.users u where u.id = effective_limits.user_id)
    ) l
    left join lateral (
        select q.id, q.limit_value, q.until
        from steward.quota_overrides q
        where q.metric = l.metric and q.period = l.period and coalesce(q.starts_at <= effective_limits.at, true) and effective_limits.at < q.until
          and l.plan_limit is not null and (q.limit_value is null or q.limit_value > l.plan_limit)
          and (
              (q.user_id = effective_limits.user_id and q.team_id is null)
              or (
                  (q.user_id = effective_limits.user_id or q.user_id is null)
                  and q.team_id in (select m.team_id from steward.team_members m where m.user_id = effective_limits.user_id)
              )
              or q.api_key_id = effective_limits.api_key_id
          )
        order by q.limit_value desc nulls first, q.until desc, q.id
        limit 1
    ) o on true
    order by l.metric, l.period
$$;
comment on function steward.effective_limits(uuid, timestamptz, uuid) is 'What holds for a user at an instant: per metric and period the better one of the plan''s limit and the raises that hold then. limit_value null is unlimited; override_id where a raise decides.';

create function steward.check_quantity(metric text, quantity bigint) returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if quantity is null or quantity < 0 or quantity > 1000000000000 then
        raise exception 'A quantity lies between 0 and 1,000,000,000,000.' using errcode = 'ST400', column = 'quantity';
    end if;
    if not exists (select from steward.usage_meters m where m.metric = check_quantity.metric)
        and not exists (select from steward.plan_limits l where l.metric = check_quantity.metric) then
        raise exception 'There is no metric %.', quote_literal(coalesce(metric, '')) using errcode = 'ST400', column = 'metric';
    end if;
end
$$;
comment on function steward.check_quantity(text, bigint) is 'Refuses a metric nobody knows and a quantity nobody means.';

create function steward.usage_at(user_id uuid, metric text, quantity bigint, at timestamptz, team_id uuid, api_key_id uuid) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    account steward.users;
    answer jsonb;
    lines jsonb;
begin
    perform steward.check_quantity(metric, quantity);
    select * into account from steward.users u where u.id = usage_at.user_id;
    if not found then
        raise exception 'There is no user %.', coalesce(user_id::text, 'without an id') using errcode = 'ST404', column = 'user_id';
    end if;

    with line as (
        select case when e.override_id is null then 'plan' else 'override' end as source, e.period, e.kind, e.limit_value, e.until,
            case when e.period = 'minute' then (
                select w.used from steward.rate_windows w
                where w.scope = 'user' and w.subject_id = account.id and w.metric = e.metric and w.seconds = 60
                  and w.window_start = date_bin('1 minute', at, timestamptz '1970-01-01 00:00:00+00')
            ) else (
                select c.used from steward.usage_counters c
                where c.user_id = account.id and c.metric = e.metric and c.period = steward.period_key(e.period, at)
            ) end as used,
            steward.period_end(e.period, at) as resets_at
        from steward.effective_limits(account.id, at, usage_at.api_key_id) e
        where e.metric = usage_at.metric
        union all
        select 'rate', r.seconds || ' s', 'hard', r.limit_value, null, w.used, b.start + make_interval(secs => r.seconds)
        from steward.rate_limits r
        cross join lateral (select date_bin(make_interval(secs => r.seconds), at, timestamptz '1970-01-01 00:00:00+00') as start) b
        left join steward.rate_windows w
            on w.scope = case r.scope when 'everyone' then 'user' else r.scope end and w.subject_id = coalesce(r.subject_id, account.id)
            and w.metric = r.metric and w.seconds = r.seconds and w.window_start = b.start
        where r.metric = usage_at.metric
          and (r.scope = 'everyone' or (r.scope, r.subject_id) in (('user', account.id), ('team', usage_at.team_id), ('key', usage_at.api_key_id)))
    ), judged as (
        select l.source, l.period, l.kind, l.limit_value, l.until, l.resets_at, coalesce(l.used, 0) as used,
            case when l.limit_value is not null then greatest(l.limit_value - coalesce(l.used, 0), 0) end as remaining,
            coalesce(coalesce(l.used, 0) + quantity > l.limit_value, false) as is_over
        from line l
    )
    select jsonb_agg(jsonb_build_object(
        'period', j.period, 'kind', j.kind, 'limit', j.limit_value, 'used', j.used, 'remaining', j.remaining,
        'resets_at', j.resets_at, 'source', j.source, 'until', j.until, 'is_over', j.is_over
    -- The first one decides: what refuses, then what warns, then where least is left.
    ) order by j.is_over and j.kind = 'hard' desc, j.is_over desc, j.remaining nulls last, j.resets_at nulls last, j.period)
    into lines from judged j;

    answer := coalesce(lines -> 0, jsonb_build_object(
        'period', 'month', 'kind', null, 'limit', null, 'remaining', null, 'resets_at', steward.period_end('month', at),
        'source', 'plan', 'until', null, 'is_over', false,
        'used', coalesce((select c.used from steward.usage_counters c where c.user_id = account.id and c.metric = usage_at.metric and c.period = steward.period_key('month', at)), 0)
    ));
    return answer || jsonb_build_object(
        'user_id', account.id, 'metric', metric, 'quantity', quantity, 'plan', coalesce(account.plan_code, steward.default_plan()),
        'is_admin', account.role = 'admin',
        'allowed', account.status = 'active' and (account.role = 'admin' or not coalesce((answer ->> 'is_over')::boolean and answer ->> 'kind' = 'hard', false)),
        'reason', case
            when account.status <> 'active' then account.status
            when account.role <> 'admin' and (answer ->> 'is_over')::boolean and answer ->> 'kind' = 'hard' then 'limit'
        end,
        'limits', coalesce(lines, '[]')
    );
end
$$;
comment on function steward.usage_at(uuid, text, bigint, timestamptz, uuid, uuid) is 'check_usage at an instant, within a team and with a key.';

create function steward.check_usage(user_id uuid, metric text, quantity bigint default 1, team_id uuid default null, api_key_id uuid default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if not pg_has_role(session_user, 'steward_app', 'member') and not pg_has_role(session_user, 'steward_viewer', 'member') then
        raise exception 'Checking limits takes a login of steward_app.' using errcode = '42501';
    end if;
    return steward.usage_at(user_id, metric, quantity, statement_timestamp(), team_id, api_key_id);
end
$$;
comment on function steward.check_usage(uuid, text, bigint, uuid, uuid) is 'Whether a user may use so much of a metric now: allowed, reason (limit, suspended, erased), and of the limit that decides kind (hard, soft), period, limit, used, remaining, resets_at, source (plan, override, rate); all of them under limits. It counts nothing: between asking and using others may use; consume_usage does both at once.';

create function steward.check_feature(user_id uuid, feature text) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
    account steward.users;
    plan text;
    setting jsonb;
begin
    if not pg_has_role(session_user, 'steward_app', 'member') and not pg_has_role(session_user, 'steward_viewer', 'member') then
        raise exception 'Checking features takes a login of steward_app.' using errcode = '42501';
    end if;
    select * into account from steward.users u where u.id = check_feature.user_id;
    if not found then
        raise exception 'There is no user %.', coalesce(user_id::text, 'without an id') using errcode = 'ST404', column = 'user_id';
    end if;
    if not exists (select from steward.plan_features f where f.key = feature) then
        raise exception 'There is no feature %.', quote_literal(coalesce(feature, '')) using errcode = 'ST400', column = 'feature';
    end if;
    plan := coalesce(account.plan_code, steward.default_plan());
    select f.value into setting from steward.plan_features f where f.plan_code = plan and f.key = feature;
    return jsonb_build_object(
        'user_id', account.id, 'feature', feature, 'plan', plan, 'is_admin', account.role = 'admin', 'value', setting,
        'allowed', account.status = 'active' and (account.role = 'admin' or coalesce(setting <> 'false', false)),
        'reason', case
            when account.status <> 'active' then account.status
            when account.role <> 'admin' and coalesce(setting = 'false', true) then 'plan'
        end,
        'plan_required', case when account.role <> 'admin' and coalesce(setting = 'false', true) then (
            select p.code from steward.plans p
            join steward.plan_features f on f.plan_code = p.code and f.key = feature and f.value <> 'false'
            where p.archived_at is null
              and (p.custom_for_team is null or p.custom_for_team in (select m.team_id from steward.team_members m where m.user_id = account.id))
            order by p.rank, p.code limit 1
        ) end
    );
end
$$;
comment on function steward.check_feature(uuid, text) is 'Whether a user''s plan unlocks a feature: allowed, reason (plan, suspended, erased), value as the plan sets it, and plan_required, the lowest plan on offer that unlocks it.';

grant execute on function steward.check_usage(uuid, text, bigint, uuid, uuid), steward.check_feature(uuid, text) to steward_app, steward_viewer;
grant execute on function steward.effective_limits(uuid, timestamptz, uuid) to steward_viewer;
grant select on steward.usage_meters, steward.quota_overrides, steward.rate_limits, steward.rate_windows to steward_viewer;

do $$
declare
    name text;
begin
    foreach name in array array['usage_meters', 'quota_overrides', 'rate_limits', 'rate_windows'] loop
        execute format('alter table steward.%I enable row level security', name);
        execute format('create policy console_reads_all on steward.%I for select to steward_viewer using (true)', name);
    end loop;
end
$$;

select steward.enable_audit('usage_meters'), steward.enable_audit('quota_overrides'), steward.enable_audit('rate_limits');
select steward.enable_capture('quota_overrides');
