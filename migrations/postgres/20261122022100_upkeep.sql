set local role steward_owner;

create table steward.usage_cleanups (
    intent uuid not null,
    keep_months int not null,
    cutoff timestamptz not null,
    state text not null default 'running',
    events_planned bigint not null,
    events_removed bigint not null default 0,
    counters_removed bigint not null default 0,
    partitions_dropped text[] not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    revision bigint not null default 1,
    constraint usage_cleanups_pkey primary key (intent),
    constraint usage_cleanups_keep_positive check (keep_months > 0),
    constraint usage_cleanups_state_known check (state in ('running', 'done'))
);
create unique index usage_cleanups_one_at_a_time on steward.usage_cleanups ((true)) where state = 'running';
comment on table steward.usage_cleanups is 'Cleanups of old usage, step by step: one that was interrupted goes on where it stopped.';
comment on column steward.usage_cleanups.cutoff is 'Everything before goes: the first instant of a month (UTC).';
comment on column steward.usage_cleanups.events_planned is 'Events before the cutoff when it was decided.';
create trigger touch before update on steward.usage_cleanups for each row execute function steward.touch();
alter table steward.usage_cleanups enable row level security;
create policy console_reads_all on steward.usage_cleanups for select to steward_viewer using (true);
grant select on steward.usage_cleanups to steward_viewer;
select steward.enable_audit('usage_cleanups');

create function steward.cleanup_cutoff(keep_months int) returns timestamptz
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
    if keep_months is null or keep_months < 1 or keep_months > 1200 then
        raise exception 'Keep at least 1 month and at most 1,200.' using errcode = 'ST400', column = 'keep_months';
    end if;
    return (date_trunc('month', statement_timestamp() at time zone 'UTC') - make_interval(months => keep_months)) at time zone 'UTC';
end
$$;
comment on function steward.cleanup_cutoff(int) is 'Where the kept months begin: so many whole ones before the current one, which is kept too.';

create function steward.usage_partitions() returns table (leaf regclass, until timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select i.inhrelid::regclass, b.bound[1]::timestamptz
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
    cross join lateral regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \(''([^'']+)''\)') as b (bound)
    where i.inhparent = 'steward.usage_events'::regclass
$$;
comment on function steward.usage_partitions() is 'The partitions of usage_events and where each ends; null for the default one.';

create function steward.plan_cleanup(keep_months int) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    cutoff timestamptz;
begin
    if not pg_has_role(session_user, 'steward_admin', 'member') then
        raise exception 'Cleaning up takes a login of steward_admin.' using errcode = '42501';
    end if;
    cutoff := steward.cleanup_cutoff(keep_months);
    return jsonb_build_object(
        'keep_months', keep_months, 'cutoff', cutoff,
        'events', (select count(*) from steward.usage_events e where e.occurred_at < cutoff),
        'oldest', (select min(e.occurred_at) from steward.usage_events e),
        'oldest_kept', (select min(e.occurred_at) from steward.usage_events e where e.occurred_at >= cutoff),
        -- The space of a dropped partition is free at once; that of deleted rows is used again.
        'bytes', coalesce((select sum(pg_total_relation_size(p.leaf)) from steward.usage_partitions() p where p.until <= cutoff), 0),
        'partitions', coalesce((select jsonb_agg(p.leaf::text order by p.until) from steward.usage_partitions() p where p.until <= cutoff), '[]'),
        'counters', (select count(*) from steward.usage_counters c where c.period < to_char(cutoff at time zone 'UTC', 'YYYY-MM') and c.period <> 'lifetime'),
        'unfinished', (select to_jsonb(u) || '{"is_done": false}' from steward.usage_cleanups u where u.state = 'running')
    );
end
$$;
comment on function steward.plan_cleanup(int) is 'What a cleanup would remove: events, counters of months and days, partitions dropped and their bytes, the oldest event and the oldest kept.';

create function steward.cleanup_usage(intent uuid, keep_months int, expect jsonb, reason text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    answer jsonb;
    cutoff timestamptz;
    planned bigint;
begin
    if not pg_has_role(session_user, 'steward_admin', 'member') then
        raise exception 'Cleaning up takes a login of steward_admin.' using errcode = '42501';
    end if;
    answer := steward.claim_intent(cleanup_usage.intent, 'cleanup_usage', jsonb_build_object('keep_months', keep_months, 'expect', coalesce(expect, '{}')), reason);
    if answer is not null then
        return answer;
    end if;
    if coalesce(btrim(reason), '') = '' then
        raise exception 'This needs a reason.' using errcode = 'ST400', column = 'reason';
    end if;
    cutoff := steward.cleanup_cutoff(keep_months);
    if exists (select from steward.usage_cleanups u where u.state = 'running') then
        raise exception 'Another cleanup is unfinished: it has to be finished first.' using errcode = 'ST409',
            hint = 'steward.cleanup_step goes on with it.';
    end if;
    select count(*) into planned from steward.usage_events e where e.occurred_at < cutoff;
    if expect ? 'events' and (expect ->> 'events')::bigint <> planned then
        raise exception 'Changed meanwhile: % events are that old now. Nothing was done.', planned using errcode = 'ST409';
    end if;
    insert into steward.usage_cleanups (intent, keep_months, cutoff, events_planned)
    values (cleanup_usage.intent, cleanup_usage.keep_months, cutoff, planned);
    return steward.finish_intent(cleanup_usage.intent, null);
end
$$;
comment on function steward.cleanup_usage(uuid, int, jsonb, text) is 'Decides to remove usage before so many whole months; steward.cleanup_step then does it. expect {events}: how many it was thought to be. It cannot be taken back.';

create function steward.cleanup_step(intent uuid, batch int default 20000) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    job steward.usage_cleanups;
    leaf regclass;
    removed bigint := 0;
    counters bigint := 0;
    dropped text;
    is_done boolean := false;
begin
    if not pg_has_role(session_user, 'steward_admin', 'member') then
        raise exception 'Cleaning up takes a login of steward_admin.' using errcode = '42501';
    end if;
    if batch is null or batch < 1 or batch > 1000000 then
        raise exception 'A step removes between 1 and 1,000,000 rows.' using errcode = 'ST400', column = 'batch';
    end if;
    select * into job from steward.usage_cleanups u where u.intent = cleanup_step.intent for update;
    if not found then
        raise exception 'There is no such cleanup.' using errcode = 'ST404', column = 'intent';
    end if;
    if job.state = 'done' then
        return to_jsonb(job) || '{"is_done": true}';
    end if;

    select p.leaf into leaf from steward.usage_partitions() p where p.until <= job.cutoff order by p.until limit 1;
    if found then
        -- Dropping waits for whoever reads the table, and everybody else for it: rather try again than hold them up.
        perform set_config('lock_timeout', '2s', true);
        execute format('lock table %s in access exclusive mode', leaf);
        execute format('select count(*) from %s', leaf) into removed;
        dropped := leaf::text;
        execute format('drop table %s', leaf);
    else
        with old as (
            select e.user_id, e.occurred_at, e.event_key from steward.usage_events e where e.occurred_at < job.cutoff
            order by e.occurred_at limit batch
        )
        delete from steward.usage_events e using old o
        where e.occurred_at < job.cutoff and (e.user_id, e.occurred_at, e.event_key) = (o.user_id, o.occurred_at, o.event_key);
        get diagnostics removed = row_count;
        if removed < batch then
            with old as (
                select c.user_id, c.period, c.metric from steward.usage_counters c
                where c.period < to_char(job.cutoff at time zone 'UTC', 'YYYY-MM') and c.period <> 'lifetime'
                order by c.user_id, c.period, c.metric limit batch
            )
            delete from steward.usage_counters c using old o where (c.user_id, c.period, c.metric) = (o.user_id, o.period, o.metric);
            get diagnostics counters = row_count;
            is_done := counters < batch;
        end if;
    end if;

    -- The removed rows are history that goes; the step is what is audited.
    perform set_config('steward.intent', job.intent::text, true);
    perform set_config('steward.action', 'cleanup_usage', true);
    update steward.usage_cleanups u
    set events_removed = u.events_removed + removed, counters_removed = u.counters_removed + counters,
        partitions_dropped = case when dropped is null then u.partitions_dropped else u.partitions_dropped || dropped end,
        state = case when is_done then 'done' else 'running' end
    where u.intent = job.intent
    returning * into job;
    perform set_config('steward.intent', '', true);
    perform set_config('steward.action', '', true);
    return to_jsonb(job) || jsonb_build_object('is_done', is_done);
end
$$;
comment on function steward.cleanup_step(uuid, int) is 'One step of a cleanup: drops a partition, or removes so many events or counters. Call it until is_done, each time in a transaction of its own; it goes on wherever it was interrupted.';

create function steward.recompute_counters(intent uuid, period text, users uuid[], expect jsonb, reason text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    answer jsonb;
    first_day timestamptz;
    last_day timestamptz;
    wanted uuid[];
    listed text;
    skipped jsonb;
begin
    if not pg_has_role(session_user, 'steward_admin', 'member') then
        raise exception 'Counting again takes a login of steward_admin.' using errcode = '42501';
    end if;
    select array_agg(distinct u order by u) into wanted from unnest(users) u where u is not null;
    answer := steward.claim_intent(recompute_counters.intent, 'recompute_counters', jsonb_build_object('period', period, 'users', to_jsonb(wanted), 'expect', coalesce(expect, '{}')), reason);
    if answer is not null then
        return answer;
    end if;
    if coalesce(btrim(reason), '') = '' then
        raise exception 'This needs a reason.' using errcode = 'ST400', column = 'reason';
    end if;
    if period is null or period !~ '^[0-9]{4}-(0[1-9]|1[0-2])$' then
        raise exception '% is no month: give it as YYYY-MM.', quote_literal(coalesce(period, '')) using errcode = 'ST400', column = 'period';
    end if;
    select string_agg(w::text, ', ') into listed from unnest(wanted) w where not exists (select from steward.users u where u.id = w);
    if listed is not null then
        raise exception 'There is no user %.', listed using errcode = 'ST404', column = 'users';
    end if;
    first_day := (period || '-01')::timestamp at time zone 'UTC';
    last_day := ((period || '-01')::timestamp + interval '1 month') at time zone 'UTC';
    if first_day < (select max(u.cutoff) from steward.usage_cleanups u) then
        raise exception 'Events of % were cleaned up; its counters are all there is of them.', period using errcode = 'ST400', column = 'period';
    end if;

    -- Every row that may change is made first and locked, so that a use counted meanwhile is either seen below or added
    -- afterwards. Rows of nothing are no change of anybody's.
    perform set_config('steward.action', '', true);
    insert into steward.usage_counters (user_id, period, metric)
    select distinct e.user_id, k.key, m.metric
    from steward.usage_events e
    join steward.users u on u.id = e.user_id
    join steward.usage_meters m on (m.event_types is null or e.event_type = any (m.event_types)) and (m.features is null or e.feature = any (m.features))
    cross join lateral (values ('month', recompute_counters.period), ('day', to_char(e.occurred_at at time zone 'UTC', 'YYYY-MM-DD'))) k (kind, key)
    where e.occurred_at >= first_day and e.occurred_at < last_day and e.status <> 'rate_limited' and (wanted is null or e.user_id = any (wanted))
      and case m.measure when 'quantity' then e.quantity when 'events' then 1 when 'bytes_out' then e.bytes_out when 'credits' then e.credits
          when 'input_tokens' then e.input_tokens when 'output_tokens' then e.output_tokens else e.input_tokens + e.output_tokens end > 0
      and (k.kind = 'month' or exists (select from steward.plan_limits l where l.metric = m.metric and l.period = 'day'))
    order by 1, 2, 3
    on conflict on constraint usage_counters_pkey do nothing;
    perform from steward.usage_counters c
    where c.period between recompute_counters.period and recompute_counters.period || '-31' and (wanted is null or c.user_id = any (wanted))
    order by c.user_id, c.period, c.metric for update;
    perform set_config('steward.action', 'recompute_counters', true);

    with counted as (
        select e.user_id, m.metric, k.key, sum(case m.measure when 'quantity' then e.quantity when 'events' then 1 when 'bytes_out' then e.bytes_out when 'credits' then e.credits
            when 'input_tokens' then e.input_tokens when 'output_tokens' then e.output_tokens else e.input_tokens + e.output_tokens end) as used
        from steward.usage_events e
        join steward.usage_meters m on (m.event_types is null or e.event_type = any (m.event_types)) and (m.features is null or e.feature = any (m.features))
        cross join lateral (values (recompute_counters.period), (to_char(e.occurred_at at time zone 'UTC', 'YYYY-MM-DD'))) k (key)
        where e.occurred_at >= first_day and e.occurred_at < last_day and e.status <> 'rate_limited' and (wanted is null or e.user_id = any (wanted))
        group by 1, 2, 3
    ), adjusted as (
        select a.user_id, a.metric, a.period as key, sum(a.delta) as delta
        from steward.usage_adjustments a
        where a.period between recompute_counters.period and recompute_counters.period || '-31'
        group by 1, 2, 3
    ), due as (
        select c.user_id, c.period, c.metric, greatest(coalesce(n.used, 0) + coalesce(a.delta, 0), 0)::bigint as used
        from steward.usage_counters c
        -- What no meter measures cannot be counted again.
        join steward.usage_meters m on m.metric = c.metric
        left join counted n on (n.user_id, n.metric, n.key) = (c.user_id, c.metric, c.period)
        left join adjusted a on (a.user_id, a.metric, a.key) = (c.user_id, c.metric, c.period)
        where c.period between recompute_counters.period and recompute_counters.period || '-31' and (wanted is null or c.user_id = any (wanted))
    )
    update steward.usage_counters c set used = d.used, updated_at = now()
    from due d
    where (c.user_id, c.period, c.metric) = (d.user_id, d.period, d.metric) and c.used <> d.used;

    select jsonb_agg(jsonb_build_object('label', x.metric, 'reason', 'No meter says which events it counts.') order by x.metric)
    into skipped
    from (
        select distinct c.metric from steward.usage_counters c
        where c.period between recompute_counters.period and recompute_counters.period || '-31' and (wanted is null or c.user_id = any (wanted))
          and not exists (select from steward.usage_meters m where m.metric = c.metric)
    ) x;
    return steward.finish_intent(recompute_counters.intent, skipped);
end
$$;
comment on function steward.recompute_counters(uuid, text, uuid[], jsonb, text) is 'Counts a month''s counters, and those of its days, again from events and adjustments; users null is everybody. Lifetime counters stay: old events may be gone.';

create function steward.data_quality(days int default 90) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    since timestamptz;
begin
    if not pg_has_role(session_user, 'steward_viewer', 'member') then
        raise exception 'The data-quality report takes a login of a console role.' using errcode = '42501';
    end if;
    if days is null or days < 1 or days > 3660 then
        raise exception 'The report covers between 1 and 3,660 days.' using errcode = 'ST400', column = 'days';
    end if;
    since := date_trunc('day', statement_timestamp()) - make_interval(days => days - 1);
    return jsonb_build_object('since', since, 'as_of', statement_timestamp(), 'checks', (
        select jsonb_agg(jsonb_build_object('check', c.name, 'label', c.label, 'count', coalesce(c.found, 0), 'examples', coalesce(c.examples, '[]')) order by c.place)
        from (
            select 1 as place, 'gaps' as name, 'Days without any event between days that have some' as label, count(*) as found,
                (jsonb_agg(d.day order by d.day desc) filter (where d.latest <= 5)) as examples
            from (
                select s.day::date::text as day, row_number() over (order by s.day desc) as latest
                from (select min(e.occurred_at) as first, max(e.occurred_at) as last from steward.usage_events e where e.occurred_at >= since and e.occurred_at <= statement_timestamp()) b
                cross join generate_series(date_trunc('day', b.first), b.last, interval '1 day') as s (day)
                where not exists (select from steward.usage_events e where e.occurred_at >= s.day and e.occurred_at < s.day + interval '1 day')
            ) d
            union all
            select 2, 'future', 'Events that lie ahead of the server''s clock', count(*), jsonb_agg(x.example) filter (where x.place <= 5)
            from (
                select jsonb_build_object('user_id', e.user_id, 'occurred_at', e.occurred_at, 'event_key', e.event_key) as example, row_number() over (order by e.occurred_at desc) as place
                from steward.usage_events e where e.occurred_at > statement_timestamp() + interval '5 minutes'
            ) x
            union all
            select 3, 'orphans', 'Events of users that do not exist', coalesce(sum(x.events), 0), jsonb_agg(x.user_id) filter (where x.place <= 5)
            from (
                select e.user_id, count(*) as events, row_number() over (order by count(*) desc, e.user_id) as place
                from steward.usage_events e
                where e.occurred_at >= since and not exists (select from steward.users u where u.id = e.user_id)
                group by e.user_id
            ) x
            union all
            select 4, 'duplicates', 'Event keys kept more than once, at different times', coalesce(sum(x.extra), 0), jsonb_agg(x.example) filter (where x.place <= 5)
            from (
                select jsonb_build_object('user_id', e.user_id, 'event_key', e.event_key, 'events', count(*)) as example, count(*) - 1 as extra,
                    row_number() over (order by count(*) desc, e.event_key) as place
                from steward.usage_events e where e.occurred_at >= since
                group by e.user_id, e.event_key having count(*) > 1
            ) x
            union all
            select 5, 'negative', 'Events with a negative amount', count(*), null
            from steward.usage_events e
            where e.occurred_at >= since and (least(e.quantity, e.bytes_out, e.credits, e.input_tokens, e.cached_tokens, e.output_tokens, e.reasoning_tokens, e.latency_ms) < 0 or e.cost < 0 or e.cost = 'NaN')
            union all
            select 6, 'late', 'Events recorded more than a day after they occurred', count(*), null
            from steward.usage_events e where e.occurred_at >= since and e.recorded_at > e.occurred_at + interval '1 day'
            union all
            select 7, 'unpriced', 'Events that used tokens and have no cost', coalesce(sum(x.events), 0), jsonb_agg(x.model) filter (where x.place <= 5)
            from (
                select coalesce(e.model, 'no model') as model, count(*) as events, row_number() over (order by count(*) desc, e.model) as place
                from steward.usage_events e
                where e.occurred_at >= since and e.cost is null and e.input_tokens + e.output_tokens > 0
                group by e.model
            ) x
            union all
            select 8, 'unmetered', 'Event types that only count bytes and credits', count(*), jsonb_agg(x.event_type) filter (where x.place <= 5)
            from (
                select e.event_type, row_number() over (order by count(*) desc, e.event_type) as place
                from steward.usage_events e
                where e.occurred_at >= since
                  and not exists (select from steward.usage_meters m where e.event_type = any (m.event_types))
                group by e.event_type
            ) x
            union all
            select 9, 'counters', 'Counters of this month that differ from their events', count(*), jsonb_agg(x.example) filter (where x.place <= 5)
            from (
                select jsonb_build_object('user_id', d.user_id, 'metric', d.metric, 'counted', d.counted, 'events', d.used) as example,
                    row_number() over (order by abs(d.counted - d.used) desc, d.user_id, d.metric) as place
                from (
                    select coalesce(n.user_id, c.user_id) as user_id, coalesce(n.metric, c.metric) as metric, coalesce(c.used, 0) as counted,
                        greatest(coalesce(n.used, 0) + coalesce((select sum(a.delta) from steward.usage_adjustments a
                            where a.user_id = coalesce(n.user_id, c.user_id) and a.metric = coalesce(n.metric, c.metric) and a.period = steward.period_key('month', statement_timestamp())), 0), 0) as used
                    from (
                        select e.user_id, m.metric, sum(case m.measure when 'quantity' then e.quantity when 'events' then 1 when 'bytes_out' then e.bytes_out when 'credits' then e.credits
                            when 'input_tokens' then e.input_tokens when 'output_tokens' then e.output_tokens else e.input_tokens + e.output_tokens end) as used
                        from steward.usage_events e
                        join steward.users u on u.id = e.user_id
                        join steward.usage_meters m on (m.event_types is null or e.event_type = any (m.event_types)) and (m.features is null or e.feature = any (m.features))
                        where e.occurred_at >= date_trunc('month', statement_timestamp()) and e.occurred_at < date_trunc('month', statement_timestamp()) + interval '1 month' and e.status <> 'rate_limited'
                        group by 1, 2
                    ) n
                    full join (
                        select k.user_id, k.metric, k.used from steward.usage_counters k
                        join steward.usage_meters m on m.metric = k.metric
                        where k.period = steward.period_key('month', statement_timestamp())
                    ) c on (c.user_id, c.metric) = (n.user_id, n.metric)
                ) d
                where d.counted <> d.used
            ) x
            union all
            select 10, 'unpartitioned', 'Events of months without a partition of their own', count(*), null from steward.usage_events_default
        ) c
    ));
end
$$;
comment on function steward.data_quality(int) is 'What is wrong with the events of the last days (UTC): gaps, future times, orphans, duplicates, negative amounts, late ones, ones without price or meter, counters that differ, months without partition. Each check with a count and up to five examples.';

grant execute on function steward.plan_cleanup(int), steward.cleanup_usage(uuid, int, jsonb, text), steward.cleanup_step(uuid, int), steward.recompute_counters(uuid, text, uuid[], jsonb, text) to steward_admin;
grant execute on function steward.data_quality(int) to steward_viewer;
