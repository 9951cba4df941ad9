set local role steward_owner;

create table steward.usage_events (
    user_id uuid not null,
    occurred_at timestamptz not null,
    event_key uuid not null,
    recorded_at timestamptz not null default now(),
    team_id uuid,
    api_key_id uuid,
    campaign_id uuid,
    event_type text not null,
    feature text,
    provider text,
    model text,
    endpoint text,
    plan_code text,
    status text not null default 'success',
    is_admin boolean not null default false,
    quantity bigint not null default 1,
    input_tokens bigint not null default 0,
    cached_tokens bigint not null default 0,
    output_tokens bigint not null default 0,
    reasoning_tokens bigint not null default 0,
    bytes_out bigint not null default 0,
    cost numeric(18, 9),
    credits bigint not null default 0,
    latency_ms int,
    request_id text,
    ip inet,
    user_agent text,
    metadata jsonb,
    tx bigint not null default pg_current_xact_id()::text::bigint,
    constraint usage_events_pkey primary key (user_id, occurred_at, event_key),
    constraint usage_events_status_known check (status in ('success', 'error', 'rate_limited')),
    constraint usage_events_time_finite check (isfinite(occurred_at)),
    constraint usage_events_quantity_not_negative check (quantity >= 0 and bytes_out >= 0 and credits >= 0),
    constraint usage_events_tokens_not_negative check (input_tokens >= 0 and cached_tokens >= 0 and output_tokens >= 0 and reasoning_tokens >= 0),
    constraint usage_events_cost_not_negative check (cost >= 0 and cost <> 'NaN'),
    constraint usage_events_latency_not_negative check (latency_ms >= 0)
) partition by range (occurred_at);
create index usage_events_by_tx on steward.usage_events using brin (tx) with (pages_per_range = 32, autosummarize = on);
create index usage_events_by_time on steward.usage_events using brin (occurred_at) with (pages_per_range = 32, autosummarize = on);
comment on table steward.usage_events is 'Every use of the product, partitioned by month (UTC). Written once.';
comment on column steward.usage_events.event_key is 'Idempotency key made by the producer; with user and time it names the event, so that a retry is the same event.';
comment on column steward.usage_events.plan_code is 'The user''s plan when it happened.';
comment on column steward.usage_events.is_admin is 'Use by an admin of the product, who passes every limit.';
comment on column steward.usage_events.cost is 'What it cost the company, in US dollars, exact to the nano-dollar; null where no price is known, which is not the same as 0.';
comment on column steward.usage_events.credits is 'What it cost the user, in credits.';
comment on column steward.usage_events.tx is 'Writing transaction: readers find new rows by it.';

create function steward.ensure_usage_partitions(from_day date, to_day date) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    month date := date_trunc('month', from_day::timestamp);
    leaf text;
    made int := 0;
begin
    if not pg_has_role(session_user, 'steward_owner', 'member') and not pg_has_role(session_user, 'steward_app', 'member') then
        raise exception 'Only the platform and the owner may make partitions.' using errcode = '42501';
    end if;
    if to_day - from_day > 3700 then
        raise exception 'Ten years of partitions at once are more than a mistake is worth.' using errcode = 'ST400';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('steward.usage_events', 0));
    while month <= to_day loop
        leaf := 'usage_events_' || to_char(month, 'YYYYMM');
        if to_regclass('steward.' || leaf) is null then
            execute format('create table steward.%I (like steward.usage_events including defaults including constraints including storage)', leaf);
            execute format('alter table steward.%I enable row level security', leaf);
            -- Events of that month that came before its partition wait in the default one. They keep their tx, so
            -- nothing is new to a reader; the delete is captured and read as what it is, a row still there.
            execute format(
                'with moved as (delete from steward.usage_events_default where occurred_at >= %L and occurred_at < %L returning *) insert into steward.%I select * from moved',
                month::timestamp at time zone 'UTC', (month + interval '1 month') at time zone 'UTC', leaf
            );
            execute format(
                'alter table steward.usage_events attach partition steward.%I for values from (%L) to (%L)',
                leaf, month::timestamp at time zone 'UTC', (month + interval '1 month') at time zone 'UTC'
            );
            perform steward.attach_capture(('steward.' || leaf)::regclass, 'usage_events', false);
            made := made + 1;
        end if;
        month := month + interval '1 month';
    end loop;
    return made;
end
$$;
comment on function steward.ensure_usage_partitions(date, date) is 'Makes the monthly partitions of these days where they are missing; returns how many it made. Call it monthly for some months ahead; what comes without is kept in the default partition.';
grant execute on function steward.ensure_usage_partitions(date, date) to steward_app;

create table steward.usage_events_default partition of steward.usage_events default;
comment on table steward.usage_events_default is 'Events of months without a partition of their own; steward.ensure_usage_partitions moves them out.';
select steward.enable_capture('usage_events', inserts => false);

create table steward.usage_counters (
    user_id uuid not null,
    period text not null,
    metric text not null,
    used bigint not null default 0,
    updated_at timestamptz not null default now(),
    constraint usage_counters_pkey primary key (user_id, period, metric),
    constraint usage_counters_user_exists foreign key (user_id) references steward.users (id) on delete cascade,
    constraint usage_counters_used_not_negative check (used >= 0)
);
comment on table steward.usage_counters is 'Counted use per user, period and metric, raised by one atomic upsert.';
comment on column steward.usage_counters.period is 'YYYY-MM for a month, YYYY-MM-DD for a day (both UTC), lifetime.';
select steward.enable_capture('usage_counters');
