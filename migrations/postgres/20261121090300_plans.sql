set local role steward_owner;

create table steward.plans (
    code text not null,
    name text not null,
    rank int not null,
    price_month_minor bigint,
    price_year_minor bigint,
    currency char(3) not null default 'USD',
    credits_per_month bigint,
    rollover_cap bigint,
    seats int,
    projects int,
    integrations int,
    requests_per_minute int,
    stripe_product_id text,
    stripe_price_month_id text,
    stripe_price_year_id text,
    custom_for_team uuid,
    archived_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    revision bigint not null default 1,
    constraint plans_pkey primary key (code),
    constraint plans_code_shape check (code ~ '^[a-z][a-z0-9_-]{0,62}$'),
    constraint plans_name_present check (btrim(name) <> ''),
    constraint plans_price_not_negative check (price_month_minor >= 0 and price_year_minor >= 0),
    constraint plans_currency_shape check (currency ~ '^[A-Z]{3}$'),
    constraint plans_allowance_not_negative check (credits_per_month >= 0 and rollover_cap >= 0 and seats >= 0 and projects >= 0 and integrations >= 0 and requests_per_minute >= 0)
);
comment on table steward.plans is 'The catalogue of plans.';
comment on column steward.plans.rank is 'Place among the plans, cheapest first; a move to a higher one is an upgrade.';
comment on column steward.plans.price_month_minor is 'Price of a month in the currency''s minor unit (cents); null where it cannot be bought by the month.';
comment on column steward.plans.price_year_minor is 'Price of a year in the currency''s minor unit; null where it cannot be bought by the year.';
comment on column steward.plans.credits_per_month is 'Credits granted a month; null where the plan does not count credits.';
comment on column steward.plans.rollover_cap is 'Unused credits kept for the next month; null is unlimited, 0 is none.';
comment on column steward.plans.seats is 'Members of a team; null is unlimited.';
comment on column steward.plans.projects is 'Null is unlimited.';
comment on column steward.plans.integrations is 'Null is unlimited.';
comment on column steward.plans.requests_per_minute is 'Rate of the API; null is unlimited.';
comment on column steward.plans.custom_for_team is 'The one team that may have this plan; null for everybody.';
comment on column steward.plans.archived_at is 'No longer offered since; who has it keeps it.';
create trigger touch before update on steward.plans for each row execute function steward.touch();

create table steward.plan_limits (
    plan_code text not null,
    metric text not null,
    period text not null,
    limit_value bigint,
    kind text not null default 'hard',
    updated_at timestamptz not null default now(),
    revision bigint not null default 1,
    constraint plan_limits_pkey primary key (plan_code, metric, period),
    constraint plan_limits_plan_exists foreign key (plan_code) references steward.plans (code) on update cascade on delete cascade,
    constraint plan_limits_period_known check (period in ('minute', 'day', 'month', 'lifetime')),
    constraint plan_limits_kind_known check (kind in ('hard', 'soft')),
    constraint plan_limits_value_not_negative check (limit_value >= 0)
);
comment on table steward.plan_limits is 'What a plan allows per metric and period.';
comment on column steward.plan_limits.limit_value is 'Null is unlimited.';
comment on column steward.plan_limits.kind is 'hard refuses what goes beyond, soft warns.';
create trigger touch before update on steward.plan_limits for each row execute function steward.touch();

create table steward.plan_features (
    plan_code text not null,
    key text not null,
    value jsonb not null default 'true',
    updated_at timestamptz not null default now(),
    revision bigint not null default 1,
    constraint plan_features_pkey primary key (plan_code, key),
    constraint plan_features_plan_exists foreign key (plan_code) references steward.plans (code) on update cascade on delete cascade
);
comment on table steward.plan_features is 'What a plan unlocks: false is locked, anything else unlocks and may carry settings.';
create trigger touch before update on steward.plan_features for each row execute function steward.touch();

create function steward.default_plan() returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
    select p.code from steward.plans p where p.archived_at is null and p.custom_for_team is null order by p.rank, p.code limit 1
$$;
comment on function steward.default_plan() is 'The plan of a user who chose none: the lowest that is offered to everybody.';
grant execute on function steward.default_plan() to steward_app;

select steward.enable_audit('plans'), steward.enable_audit('plan_limits'), steward.enable_audit('plan_features');
select steward.enable_capture('plans'), steward.enable_capture('plan_limits'), steward.enable_capture('plan_features');
