set local role steward_owner;

create function steward.read_events(events jsonb) returns steward.usage_events[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    known constant text[] := array[
        'user_id', 'occurred_at', 'event_key', 'team_id', 'api_key_id', 'campaign_id', 'event_type', 'feature', 'provider', 'model',
        'endpoint', 'plan_code', 'status', 'quantity', 'input_tokens', 'cached_tokens', 'output_tokens', 'reasoning_tokens', 'bytes_out',
        'cost', 'credits', 'latency_ms', 'request_id', 'ip', 'user_agent', 'metadata', 'consumed'
    ];
    most constant bigint := 1000000000000;
    lines steward.usage_events[];
    problems jsonb;
    place int;
begin
    if jsonb_typeof(events) is distinct from 'array' then
        raise exception 'Events come as a JSON array of objects.' using errcode = 'ST400', column = 'events';
    end if;
    if jsonb_array_length(events) > 10000 then
        raise exception 'At most 10,000 events fit into one call.' using errcode = 'ST400', column = 'events';
    end if;
    select jsonb_agg(jsonb_build_object('line', e.line, 'field', coalesce(k.name, 'event'), 'problem', case when k.name is null then 'is no object' else 'is no field of an event; put it into metadata' end) order by e.line)
    into problems
    from jsonb_array_elements(events) with ordinality as e (event, line)
    left join lateral (
        select n as name from jsonb_object_keys(case jsonb_typeof(e.event) when 'object' then e.event else '{}' end) n where n <> all (known)
    ) k on true
    where k.name is not null or jsonb_typeof(e.event) <> 'object';

    if problems is null then
        -- Nothing is written in here, so the block costs no transaction of its own.
        begin
            select array_agg(r order by r_line) into lines
            from (
                select jsonb_populate_record(null::steward.usage_events, e.event - 'consumed') as r, e.line as r_line
                from jsonb_array_elements(events) with ordinality as e (event, line)
            ) x;
        exception when data_exception then
            lines := null;
        end;
        if lines is null then
            problems := '[]';
            for place in 0 .. jsonb_array_length(events) - 1 loop
                begin
                    perform jsonb_populate_record(null::steward.usage_events, (events -> place) - 'consumed');
                exception when data_exception then
                    problems := problems || jsonb_build_object('line', place + 1, 'field', 'event', 'problem', 'cannot be read: ' || sqlerrm);
                end;
            end loop;
            problems := nullif(problems, '[]');
        end if;
    end if;

    if problems is null then
        -- An event without a time takes the one in its key, so that a retry names the same event.
        select array_agg(jsonb_populate_record(l.event, jsonb_build_object(
            'occurred_at', coalesce(
                (l.event).occurred_at,
                case when substr((l.event).event_key::text, 15, 1) = '7' then
                    timestamptz '1970-01-01 00:00:00+00'
                    + ('x0000' || translate(left((l.event).event_key::text, 13), '-', ''))::bit(64)::bigint * interval '1 millisecond'
                end
            ),
            'status', coalesce((l.event).status, 'success'),
            'quantity', coalesce((l.event).quantity, 1),
            'input_tokens', coalesce((l.event).input_tokens, 0), 'cached_tokens', coalesce((l.event).cached_tokens, 0),
            'output_tokens', coalesce((l.event).output_tokens, 0), 'reasoning_tokens', coalesce((l.event).reasoning_tokens, 0),
            'bytes_out', coalesce((l.event).bytes_out, 0), 'credits', coalesce((l.event).credits, 0),
            'is_admin', coalesce(u.role = 'admin', false), 'plan_code', coalesce((l.event).plan_code, u.plan_code)
        )) order by l.line)
        into lines
        from (select u.event, u.line from (select unnest(lines) as event, generate_subscripts(lines, 1) as line) u) l
        left join steward.users u on u.id = (l.event).user_id;

        select jsonb_agg(jsonb_build_object('line', l.line, 'field', p.field, 'problem', p.problem) order by l.line, p.field)
        into problems
        from (select unnest(lines) as event, generate_subscripts(lines, 1) as line) l
        cross join lateral (values
            ('user_id', case when (l.event).user_id is null then 'is missing'
                when not exists (select from steward.users u where u.id = (l.event).user_id) then 'is nobody: ' || (l.event).user_id end),
            ('event_key', case when (l.event).event_key is null then 'is missing: without a key a retry would be another event' end),
            ('occurred_at', case when (l.event).event_key is not null and (l.event).occurred_at is null then 'is missing, and the key is no UUIDv7 that would tell the time'
                when not isfinite((l.event).occurred_at) then 'is no instant'
                when (l.event).occurred_at > statement_timestamp() + interval '1 day' then 'lies more than a day ahead' end),
            ('event_type', case when coalesce(btrim((l.event).event_type), '') = '' then 'is missing' end),
            ('status', case when (l.event).status not in ('success', 'error', 'rate_limited') then 'is not success, error or rate_limited' end),
            ('quantity', case when (l.event).quantity not between 0 and most then 'is not between 0 and 1,000,000,000,000' end),
            ('bytes_out', case when (l.event).bytes_out not between 0 and most then 'is not between 0 and 1,000,000,000,000' end),
            ('credits', case when (l.event).credits not between 0 and most then 'is not between 0 and 1,000,000,000,000' end),
            ('tokens', case when least((l.event).input_tokens, (l.event).cached_tokens, (l.event).output_tokens, (l.event).reasoning_tokens) < 0
                or greatest((l.event).input_tokens, (l.event).cached_tokens, (l.event).output_tokens, (l.event).reasoning_tokens) > most then 'are not between 0 and 1,000,000,000,000' end),
            ('cost', case when (l.event).cost < 0 or (l.event).cost = 'NaN' then 'is no amount' end),
            ('latency_ms', case when (l.event).latency_ms < 0 then 'is negative' end)
        ) p (field, problem)
        where p.problem is not null;
    end if;
    if problems is not null then
        raise exception '%', (
            select string_agg(case when jsonb_array_length(events) > 1 then 'Event ' || (p ->> 'line') || ': ' else 'Event: ' end || (p ->> 'field') || ' ' || (p ->> 'problem') || '.', ' ')
            from (select p from jsonb_array_elements(problems) p limit 5) x
        ) using errcode = 'ST400', column = problems -> 0 ->> 'field', detail = (select jsonb_agg(p) from (select p from jsonb_array_elements(problems) p limit 100) x)::text,
            hint = 'No event of the call was kept.';
    end if;
    return coalesce(lines, '{}');
end
$$;
comment on function steward.read_events(jsonb) is 'Events as rows, with what the server adds: the time of a UUIDv7 key, the user''s plan, whether he is an admin. Names every line that is none.';

create function steward.keep_events(lines steward.usage_events[]) returns steward.usage_events[]
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    fresh steward.usage_events[];
begin
    with kept as (
        insert into steward.usage_events (
            user_id, occurred_at, event_key, team_id, api_key_id, campaign_id, event_type, feature, provider, model, endpoint, plan_code, status,
            is_admin, quantity, input_tokens, cached_tokens, output_tokens, reasoning_tokens, bytes_out, cost, credits, latency_ms, request_id, ip, user_agent, metadata
        )
        select l.user_id, l.occurred_at, l.event_key, l.team_id, l.api_key_id, l.campaign_id, l.event_type, l.feature, l.provider, l.model, l.endpoint, l.plan_code, l.status,
            l.is_admin, l.quantity, l.input_tokens, l.cached_tokens, l.output_tokens, l.reasoning_tokens, l.bytes_out, l.cost, l.credits, l.latency_ms, l.request_id, l.ip, l.user_agent, l.metadata
        from unnest(lines) l
        order by l.user_id, l.occurred_at, l.event_key
        on conflict on constraint usage_events_pkey do nothing
        returning usage_events
    )
    select coalesce(array_agg(k.usage_events), '{}') into fresh from kept k;

    -- At most once a minute, and never waiting: somebody at work on the account matters more.
    update steward.users u
    set last_seen_at = seen.at
    from (
        select k.id, x.at
        from (select f.user_id, max(f.occurred_at) as at from unnest(fresh) f group by f.user_id) x
        join steward.users k on k.id = x.user_id
        where x.at <= statement_timestamp() and (k.last_seen_at is null or k.last_seen_at < x.at - interval '1 minute')
        order by k.id
        for no key update of k skip locked
    ) seen
    where u.id = seen.id;
    return fresh;
end
$$;
comment on function steward.keep_events(steward.usage_events[]) is 'Keeps events once; returns those that are new.';

create function steward.measure_events(fresh steward.usage_events[], consumed jsonb) returns table (user_id uuid, metric text, occurred_at timestamptz, used bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
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
      and not coalesce(consumed -> (f.user_id || ' ' || f.event_key) ? m.metric, false)
$$;
comment on function steward.measure_events(steward.usage_events[], jsonb) is 'What events count, per meter. consumed: user and key to the metrics that consume_usage has counted.';

create function steward.track_usage_batch(events jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    lines steward.usage_events[];
    fresh steward.usage_events[];
    consumed jsonb;
    added bigint;
begin
    if not pg_has_role(session_user, 'steward_app', 'member') then
        raise exception 'Tracking usage takes a login of steward_app.' using errcode = '42501';
    end if;
    lines := steward.read_events(events);
    select jsonb_object_agg((e ->> 'user_id')::uuid || ' ' || (e ->> 'event_key')::uuid, e -> 'consumed')
    into consumed from jsonb_array_elements(events) e where e ? 'consumed';
    fresh := steward.keep_events(lines);
    added := cardinality(fresh);
    -- Windows before counters, each in the order of its key, here and in consume_usage: two calls wait for each other,
    -- never in a circle.
    insert into steward.rate_windows as w (scope, subject_id, metric, seconds, window_start, used)
    select distinct on (n.user_id, n.metric) 'user', n.user_id, n.metric, 60, n.start, sum(n.used)
    from (
        select m.user_id, m.metric, m.used, date_bin('1 minute', m.occurred_at, timestamptz '1970-01-01 00:00:00+00') as start
        from steward.measure_events(fresh, consumed) m
        where exists (select from steward.plan_limits l where l.metric = m.metric and l.period = 'minute')
    ) n
    group by n.user_id, n.metric, n.start
    order by n.user_id, n.metric, n.start desc
    on conflict on constraint rate_windows_pkey do update
    set used = excluded.used + case when w.window_start = excluded.window_start then w.used else 0 end, window_start = excluded.window_start
    where w.window_start <= excluded.window_start;
    insert into steward.usage_counters as c (user_id, period, metric, used)
    select m.user_id, steward.period_key(p.period, m.occurred_at), m.metric, sum(m.used)
    from steward.measure_events(fresh, consumed) m
    cross join (values ('day'), ('month'), ('lifetime')) p (period)
    where p.period = 'month' or exists (select from steward.plan_limits l where l.metric = m.metric and l.period = p.period)
    group by 1, 2, 3
    order by 1, 2, 3
    on conflict on constraint usage_counters_pkey do update set used = c.used + excluded.used, updated_at = now();
    return jsonb_build_object('recorded', added, 'repeated', cardinality(lines) - added);
end
$$;
comment on function steward.track_usage_batch(jsonb) is 'Keeps up to 10,000 usage events, all or none; each once, however often it is sent: {recorded, repeated}. Fields as in usage_events; user_id, event_key and event_type are needed, occurred_at comes from a UUIDv7 key where it is absent. consumed: metrics that consume_usage has counted for this event.';

create function steward.track_usage(event jsonb) returns jsonb
language sql security definer set search_path = pg_catalog, pg_temp
as $$
    select steward.track_usage_batch(jsonb_build_array(event))
$$;
comment on function steward.track_usage(jsonb) is 'Keeps one usage event, as track_usage_batch does.';

create function steward.refuse_usage(metric text, quantity bigint, period text, limit_value bigint, used bigint, resets_at timestamptz) returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
begin
    raise exception 'The limit of % % % is reached: % used, % asked for.', limit_value, metric,
        case period when 'minute' then 'a minute' when 'day' then 'a day' when 'month' then 'a month' when 'lifetime' then 'in all' else 'in ' || period end,
        used, quantity
    using errcode = 'PT429', detail = jsonb_build_object(
        'allowed', false, 'reason', 'limit', 'metric', metric, 'quantity', quantity, 'kind', 'hard', 'period', period,
        'limit', limit_value, 'used', used, 'remaining', greatest(limit_value - used, 0), 'resets_at', resets_at
    )::text, hint = case when resets_at is null then 'It does not start again.' else 'It starts again at ' || to_char(resets_at, 'YYYY-MM-DD HH24:MI:SS') || ' UTC.' end;
end
$$;
comment on function steward.refuse_usage(text, bigint, text, bigint, bigint, timestamptz) is 'Raises PT429, which a web API in front of the database answers as 429.';

create function steward.consume_usage(user_id uuid, metric text, quantity bigint default 1, event jsonb default null, team_id uuid default null, api_key_id uuid default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
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

    for line in
        select p.period, steward.period_key(p.period, n.at) as key, n.metric, sum(n.used)::bigint as used, n.metric = consume_usage.metric as is_asked,
            e.kind, e.limit_value, case when e.kind = 'hard' and account.role <> 'admin' then e.limit_value end as most
        from (
            select consume_usage.metric, moment as at, quantity as used
            union all
            -- What else the event counts is counted, not asked for.
            select m.metric, m.occurred_at, m.used from steward.measure_events(fresh, null) m where m.metric <> consume_usage.metric
        ) n
        cross join (values ('day'), ('month'), ('lifetime')) p (period)
        left join steward.effective_limits(account.id, moment, consume_usage.api_key_id) e
            on n.metric = consume_usage.metric and e.metric = n.metric and e.period = p.period
        where p.period = 'month' or exists (select from steward.plan_limits l where l.metric = n.metric and l.period = p.period)
        group by p.period, key, n.metric, e.kind, e.limit_value
        order by key, n.metric
    loop
        insert into steward.usage_counters as c (user_id, period, metric, used)
        select account.id, line.key, line.metric, line.used
        where line.most is null or line.used <= line.most
        on conflict on constraint usage_counters_pkey do update set used = c.used + excluded.used, updated_at = now()
        where line.most is null or c.used + excluded.used <= line.most
        returning c.used into reached;
        if not found then
            perform steward.refuse_usage(metric, quantity, line.period, line.most,
                coalesce((select c.used from steward.usage_counters c where c.user_id = account.id and c.period = line.key and c.metric = consume_usage.metric), 0),
                steward.period_end(line.period, moment));
        end if;
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
comment on function steward.consume_usage(uuid, text, bigint, jsonb, uuid, uuid) is 'Checks and counts in one step: answers as check_usage does, with the use counted, or raises PT429 (a hard limit; its detail is JSON) or PT403 (suspended), and nothing is counted. With an event it is kept in the same step, and a retry with the same key counts once; without, send the event afterwards with consumed naming the metric. Admins pass every limit and are counted. The counter''s row stays locked to the end of the transaction: give the call one of its own.';

grant execute on function steward.track_usage(jsonb), steward.track_usage_batch(jsonb), steward.consume_usage(uuid, text, bigint, jsonb, uuid, uuid) to steward_app;
