set local role steward_owner;

create table steward.subscriptions (
    id uuid not null default gen_random_uuid(),
    user_id uuid,
    team_id uuid,
    plan_code text not null,
    status text not null default 'active',
    billing_interval text not null default 'month',
    interval_count int not null default 1,
    quantity int not null default 1,
    unit_amount_minor bigint,
    currency char(3) not null default 'USD',
    discount_kind text,
    discount_value numeric(18, 4),
    discount_until timestamptz,
    current_period_start timestamptz,
    current_period_end timestamptz,
    trial_end timestamptz,
    cancel_at_period_end boolean not null default false,
    canceled_at timestamptz,
    started_at timestamptz not null default now(),
    ended_at timestamptz,
    stripe_subscription_id text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    revision bigint not null default 1,
    constraint subscriptions_pkey primary key (id),
    constraint subscriptions_user_exists foreign key (user_id) references steward.users (id),
    constraint subscriptions_team_exists foreign key (team_id) references steward.teams (id),
    constraint subscriptions_one_holder check (num_nonnulls(user_id, team_id) = 1),
    constraint subscriptions_plan_exists foreign key (plan_code) references steward.plans (code) on update cascade,
    constraint subscriptions_status_known check (status in ('trialing', 'active', 'past_due', 'unpaid', 'paused', 'canceled')),
    constraint subscriptions_interval_known check (billing_interval in ('month', 'year')),
    constraint subscriptions_interval_count_positive check (interval_count > 0),
    constraint subscriptions_quantity_not_negative check (quantity >= 0),
    constraint subscriptions_amount_not_negative check (unit_amount_minor >= 0),
    constraint subscriptions_currency_shape check (currency ~ '^[A-Z]{3}$'),
    constraint subscriptions_discount_known check ((discount_kind is null) = (discount_value is null) and discount_kind in ('percent', 'amount') and discount_value >= 0),
    constraint subscriptions_period_forward check (current_period_end >= current_period_start),
    constraint subscriptions_ended_is_canceled check (ended_at is null or status = 'canceled')
);
create unique index subscriptions_one_open_per_user on steward.subscriptions (user_id) where ended_at is null and user_id is not null;
create unique index subscriptions_one_open_per_team on steward.subscriptions (team_id) where ended_at is null and team_id is not null;
create unique index subscriptions_stripe_unique on steward.subscriptions (stripe_subscription_id) where stripe_subscription_id is not null;
create index subscriptions_by_user on steward.subscriptions (user_id);
create index subscriptions_by_plan on steward.subscriptions (plan_code);
comment on table steward.subscriptions is 'What users and teams pay for, as it stands now; open until ended_at.';
comment on column steward.subscriptions.unit_amount_minor is 'Agreed price of one seat and interval in minor units; null is the plan''s price.';
comment on column steward.subscriptions.discount_kind is 'percent or amount (minor units off per interval).';
comment on column steward.subscriptions.discount_until is 'Null is forever.';
comment on column steward.subscriptions.canceled_at is 'When somebody decided to end it; it may run on to the end of its period.';
comment on column steward.subscriptions.stripe_subscription_id is 'Billed at Stripe: its terms are changed there, never here.';
create trigger touch before update on steward.subscriptions for each row execute function steward.touch();

create table steward.subscription_changes (
    id uuid not null default gen_random_uuid(),
    subscription_id uuid not null,
    user_id uuid,
    team_id uuid,
    occurred_at timestamptz not null,
    kind text not null,
    plan_code text not null,
    status text not null,
    billing_interval text not null,
    interval_count int not null,
    quantity int not null,
    unit_amount_minor bigint,
    currency char(3) not null,
    discount_kind text,
    discount_value numeric(18, 4),
    discount_until timestamptz,
    recorded_at timestamptz not null default now(),
    constraint subscription_changes_pkey primary key (id),
    constraint subscription_changes_subscription_exists foreign key (subscription_id) references steward.subscriptions (id),
    constraint subscription_changes_kind_known check (kind in ('created', 'changed', 'ended'))
);
create index subscription_changes_by_subscription on steward.subscription_changes (subscription_id, occurred_at);
create index subscription_changes_by_time on steward.subscription_changes (occurred_at);
comment on table steward.subscription_changes is 'Every step of every subscription with the terms from then on; revenue history is computed from it.';
comment on column steward.subscription_changes.kind is 'created, changed (any of the terms), ended.';

create function steward.append_subscription_change() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    step text;
begin
    -- An importer brings the history along. Only the owner may say so.
    if current_setting('steward.history', true) = 'given' and pg_has_role(session_user, 'steward_owner', 'member') then
        return null;
    end if;
    if tg_op = 'INSERT' then
        step := 'created';
    elsif old.ended_at is null and new.ended_at is not null then
        step := 'ended';
    elsif (old.plan_code, old.status, old.billing_interval, old.interval_count, old.quantity, old.unit_amount_minor, old.currency, old.discount_kind, old.discount_value, old.discount_until, old.ended_at)
        is distinct from (new.plan_code, new.status, new.billing_interval, new.interval_count, new.quantity, new.unit_amount_minor, new.currency, new.discount_kind, new.discount_value, new.discount_until, new.ended_at) then
        step := 'changed';
    else
        return null;
    end if;
    insert into steward.subscription_changes (subscription_id, user_id, team_id, occurred_at, kind, plan_code, status, billing_interval, interval_count, quantity, unit_amount_minor, currency, discount_kind, discount_value, discount_until)
    values (
        new.id, new.user_id, new.team_id,
        case step when 'created' then new.started_at when 'ended' then new.ended_at else now() end,
        step, new.plan_code, new.status, new.billing_interval, new.interval_count, new.quantity, new.unit_amount_minor, new.currency, new.discount_kind, new.discount_value, new.discount_until
    );
    return null;
end
$$;
comment on function steward.append_subscription_change() is 'Row trigger: appends each step of a subscription to its history. The owner may set steward.history to given for a transaction that brings the history itself.';
create trigger append_change after insert or update on steward.subscriptions for each row execute function steward.append_subscription_change();

select steward.enable_audit('subscriptions', all_inserts => false);
select steward.enable_capture('subscriptions'), steward.enable_capture('subscription_changes');
