set local role steward_owner;

-- A function written in SQL is planned anew for every query that calls it, one in PL/pgSQL once a session: consuming is
-- asked before every use of the product.
create or replace function steward.period_key(period text, at timestamptz) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
    return case period
        when 'month' then to_char(at at time zone 'UTC', 'YYYY-MM')
        when 'day' then to_char(at at time zone 'UTC', 'YYYY-MM-DD')
        when 'lifetime' then 'lifetime'
    end;
end
$$;

create or replace function steward.period_end(period text, at timestamptz) returns timestamptz
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
    return case period
        when 'month' then (date_trunc('month', at at time zone 'UTC') + interval '1 month') at time zone 'UTC'
        when 'day' then (date_trunc('day', at at time zone 'UTC') + interval '1 day') at time zone 'UTC'
        when 'minute' then date_bin('1 minute', at, timestamptz '1970-01-01 00:00:00+00') + interval '1 minute'
    end;
end
$$;

create or replace function steward.effective_limits(user_id uuid, at timestamptz default statement_timestamp(), api_key_id uuid default null)
returns table (metric text, period text, kind text, plan_limit bigint, limit_value bigint, override_id uuid, until timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
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
    order by l.metric, l.period;
end
$$;
create or replace function steward.measure_events(fresh steward.usage_events[], consumed jsonb) returns table (user_id uuid, metric text, occurred_at timestamptz, used bigint)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select f.user_id, m.metric, f.occurred_at, x.used
    from unnest(fresh) f
    join steward.usage_meters m
        on (m.event_types is null or f.event_type = any (m.event_types)) and (m.features is null or f.feature = any (m.features))
    cross join lateral (select case m.measure
        when 'quantity' then f.quantity when 'events' then 1 when 'bytes_out' then f.bytes_out when 'credits' then f.credits
        when 'input_tokens' then f.input_tokens when 'output_tokens' then f.output_tokens else f.input_tokens + f.output_tokens
    end as used) x
    -- What was turned away was not used.
    where f.status <> 'rate_limited' and x.used > 0
      and not coalesce(consumed -> (f.user_id || ' ' || f.event_key) ? m.metric, false);
end
$$;
create or replace function steward.consume_usage(user_id uuid, metric text, quantity bigint default 1, event jsonb default null, team_id uuid default null, api_key_id uuid default null) returns jsonb
-- Its rows are found by whole keys whatever the values: a plan made once is the plan.
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' set plan_cache_mode = force_generic_plan
as $$
declare
    moment constant timestamptz := statement_timestamp();
    account steward.users;
    lines steward.usage_events[];
    fresh steward.usage_events[] := '{}';
    line record;
    reached bigint;
    answer jsonb;
    whole jsonb := '[]';
begin
    if not pg_has_role(session_user, 'steward_app', 'member') then
        raise exception 'Consuming usage takes a login of steward_app.' using errcode = '42501';
    end if;
    perform steward.check_quantity(metric, quantity);
    select * into account from steward.users u where u.id = consume_usage.user_id;
    if not found then
        raise exception 'There is no user %.', coalesce(user_id::text, 'without an id') using errcode = 'ST404', column = 'user_id';
    elsif account.status <> 'active' then
        raise exception 'The account is %.', account.status using errcode = 'PT403', detail = jsonb_build_object('allowed', false, 'reason', account.status)::text;
    end if;

    if event is not null then
        if (event ->> 'user_id')::uuid <> account.id then
            raise exception 'The event is somebody else''s.' using errcode = 'ST400', column = 'event';
        end if;
        lines := steward.read_events(jsonb_build_array(jsonb_build_object(
            'event_type', coalesce((select m.event_types[1] from steward.usage_meters m where m.metric = consume_usage.metric), consume_usage.metric),
            'quantity', quantity, 'team_id', team_id, 'api_key_id', api_key_id
        ) || event || jsonb_build_object('user_id', account.id)));
        fresh := steward.keep_events(lines);
        if cardinality(fresh) = 0 then
            return steward.usage_at(user_id, metric, 0, moment, team_id, api_key_id) || '{"repeated": true}';
        end if;
    end if;

    -- Windows before counters, each in the order of its key, as in track_usage_batch.
    if exists (select from steward.plan_limits l where l.metric = consume_usage.metric and l.period = 'minute')
        or exists (select from steward.rate_limits r where r.metric = consume_usage.metric) then
        for line in
            select r.scope, r.subject_id, r.seconds, max(r.period) as period,
                date_bin(make_interval(secs => r.seconds), moment, timestamptz '1970-01-01 00:00:00+00') as start,
                case when account.role <> 'admin' then min(r.limit_value) filter (where r.kind = 'hard') end as most,
                min(r.limit_value) as shown, bool_and(r.kind = 'soft') as is_soft
            from (
                select 'user' as scope, account.id as subject_id, 60 as seconds, 'minute' as period, e.kind, e.limit_value
                from steward.effective_limits(account.id, moment, consume_usage.api_key_id) e
                where e.metric = consume_usage.metric and e.period = 'minute'
                union all
                select case l.scope when 'everyone' then 'user' else l.scope end, coalesce(l.subject_id, account.id), l.seconds, l.seconds || ' s', 'hard', l.limit_value
                from steward.rate_limits l
                where l.metric = consume_usage.metric
                  and (l.scope = 'everyone' or (l.scope, l.subject_id) in (('user', account.id), ('team', consume_usage.team_id), ('key', consume_usage.api_key_id)))
            ) r
            group by r.scope, r.subject_id, r.seconds
            order by r.scope, r.subject_id, r.seconds
        loop
            insert into steward.rate_windows as w (scope, subject_id, metric, seconds, window_start, used)
            select line.scope, line.subject_id, consume_usage.metric, line.seconds, line.start, consume_usage.quantity
            where line.most is null or consume_usage.quantity <= line.most
            on conflict on constraint rate_windows_pkey do update
            -- Another clock, or a call that waited: a window never goes back.
            set used = excluded.used + case when w.window_start >= excluded.window_start then w.used else 0 end,
                window_start = greatest(w.window_start, excluded.window_start)
            where line.most is null or excluded.used + case when w.window_start >= excluded.window_start then w.used else 0 end <= line.most
            returning w.used into reached;
            if not found then
                perform steward.refuse_usage(metric, quantity, line.period, line.most,
                    coalesce((select w.used from steward.rate_windows w where w.scope = line.scope and w.subject_id = line.subject_id and w.metric = consume_usage.metric and w.seconds = line.seconds and w.window_start >= line.start), 0),
                    line.start + make_interval(secs => line.seconds));
            end if;
            whole := whole || jsonb_build_object(
                'period', line.period, 'kind', case when line.is_soft then 'soft' else 'hard' end, 'limit', line.shown, 'used', reached,
                'remaining', case when line.shown is not null then greatest(line.shown - reached, 0) end, 'resets_at', line.start + make_interval(secs => line.seconds), 'is_over', coalesce(reached > line.shown, false)
            );
        end loop;
    end if;

    for line in
        select p.period, steward.period_key(p.period, n.at) as key, n.metric, sum(n.used)::bigint as used, n.metric = consume_usage.metric as is_asked,
            e.kind, e.limit_value, case when e.kind = 'hard' and account.role <> 'admin' then e.limit_value end as most
        from (
            select consume_usage.metric, moment as at, quantity as used
            union all
            -- What else the event counts is counted, not asked for.
            select m.metric, m.occurred_at, m.used from steward.measure_events(fresh, null) m where cardinality(fresh) > 0 and m.metric <> consume_usage.metric
        ) n
        cross join (values ('day'), ('month'), ('lifetime')) p (period)
        left join steward.effective_limits(account.id, moment, consume_usage.api_key_id) e
            on n.metric = consume_usage.metric and e.metric = n.metric and e.period = p.period
        where p.period = 'month' or exists (select from steward.plan_limits l where l.metric = n.metric and l.period = p.period)
        group by p.period, key, n.metric, e.kind, e.limit_value
        order by key, n.metric
    loop
        -- Mostly the row is there: an upsert would fire the triggers of both.
        loop
            update steward.usage_counters c set used = c.used + line.used, updated_at = now()
            where c.user_id = account.id and c.period = line.key and c.metric = line.metric and (line.most is null or c.used + line.used <= line.most)
            returning c.used into reached;
            exit when found;
            select c.used into reached from steward.usage_counters c where c.user_id = account.id and c.period = line.key and c.metric = line.metric;
            if line.used > coalesce(line.most - coalesce(reached, 0), line.used) then
                perform steward.refuse_usage(metric, quantity, line.period, line.most, coalesce(reached, 0), steward.period_end(line.period, moment));
            end if;
            insert into steward.usage_counters as c (user_id, period, metric, used)
            values (account.id, line.key, line.metric, line.used)
            on conflict on constraint usage_counters_pkey do nothing
            returning c.used into reached;
            exit when found;
        end loop;
        continue when not line.is_asked;
        whole := whole || jsonb_build_object(
            'period', line.period, 'kind', line.kind, 'limit', line.limit_value, 'used', reached,
            'remaining', case when line.limit_value is not null then greatest(line.limit_value - reached, 0) end, 'resets_at', steward.period_end(line.period, moment), 'is_over', coalesce(reached > line.limit_value, false)
        );
    end loop;
    select l.one into answer from jsonb_array_elements(whole) with ordinality as l (one, place)
    order by (l.one ->> 'is_over')::boolean desc, (l.one ->> 'remaining')::bigint nulls last, l.place limit 1;
    return answer || jsonb_build_object('allowed', true, 'user_id', account.id, 'metric', metric, 'quantity', quantity, 'is_admin', account.role = 'admin', 'repeated', false, 'limits', whole);
end
$$;
