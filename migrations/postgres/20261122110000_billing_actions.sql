set local role steward_owner;

create table steward.billing_actions (
    id uuid not null,
    kind text not null,
    stripe_object text not null,
    stripe_customer text,
    asked jsonb not null,
    before jsonb not null,
    expected jsonb not null,
    state text not null default 'asked',
    answer jsonb,
    login text not null default session_user,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    revision bigint not null default 1,
    constraint billing_actions_pkey primary key (id),
    constraint billing_actions_kind_known check (kind in ('change_subscription', 'cancel_subscription', 'reinstate_subscription', 'refund')),
    constraint billing_actions_state_known check (state in ('asked', 'done', 'refused')),
    constraint billing_actions_answered check ((answer is not null) = (state <> 'asked'))
);
create index billing_actions_by_object on steward.billing_actions (stripe_object);
comment on table steward.billing_actions is 'What the console asked the billing provider to change. It is written down before it is asked and again with the answer, so that nothing happens there that is not known here.';
comment on column steward.billing_actions.id is 'The operation, which is also the idempotency key of the request: asked again, it is carried out once.';
comment on column steward.billing_actions.stripe_object is 'The subscription or the payment.';
comment on column steward.billing_actions.asked is 'The request: method, path, form. Its proration date is that of the preview.';
comment on column steward.billing_actions.before is 'What the object was when it was decided.';
comment on column steward.billing_actions.expected is 'What it will be, and what the provider itself said it will charge or give back.';
comment on column steward.billing_actions.state is 'asked: the answer is not known, ask again with the same id; done; refused.';
create trigger touch before update on steward.billing_actions for each row execute function steward.touch();
alter table steward.billing_actions enable row level security;
create policy console_reads_all on steward.billing_actions for select to steward_viewer using (true);
grant select on steward.billing_actions to steward_viewer;
select steward.enable_audit('billing_actions');

create function steward.ask_billing(intent uuid, action jsonb, reason text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    answer jsonb;
    needed constant text := case when action ->> 'kind' = 'refund' then 'steward_admin' else 'steward_support' end;
begin
    if not pg_has_role(session_user, needed, 'member') then
        raise exception 'This takes a login of %.', needed using errcode = '42501';
    end if;
    -- What the provider said in the preview may be said again in other words; what is asked may not be another.
    answer := steward.claim_intent(ask_billing.intent, 'billing', action - 'before' - 'expected', reason);
    if answer is not null then
        return answer;
    end if;
    if coalesce(btrim(reason), '') = '' then
        raise exception 'A change of what somebody pays needs a reason.' using errcode = 'ST400', column = 'reason';
    end if;
    insert into steward.billing_actions (id, kind, stripe_object, stripe_customer, asked, before, expected)
    values (
        ask_billing.intent, action ->> 'kind', action ->> 'stripe_object', action ->> 'stripe_customer',
        action -> 'asked', action -> 'before', action -> 'expected'
    );
    return steward.finish_intent(ask_billing.intent, null);
end
$$;
comment on function steward.ask_billing(uuid, jsonb, text) is 'Writes down what the billing provider is about to be asked: {kind, stripe_object, stripe_customer, asked, before, expected}. Refunds take steward_admin, subscriptions steward_support.';

create function steward.note_billing(intent uuid, state text, answer jsonb) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    was_noted boolean;
begin
    if not pg_has_role(session_user, 'steward_support', 'member') then
        raise exception 'This takes a login of steward_support or steward_admin.' using errcode = '42501';
    end if;
    perform set_config('steward.intent', note_billing.intent::text, true);
    perform set_config('steward.action', 'billing_answer', true);
    perform set_config('steward.reason', '', true);
    update steward.billing_actions b set state = note_billing.state, answer = note_billing.answer
    where b.id = note_billing.intent and b.state = 'asked' and b.login = session_user;
    was_noted := found;
    perform set_config('steward.intent', '', true);
    perform set_config('steward.action', '', true);
    return was_noted;
end
$$;
comment on function steward.note_billing(uuid, text, jsonb) is 'Writes down what the billing provider answered, once; only for whoever asked.';

grant execute on function steward.ask_billing(uuid, jsonb, text), steward.note_billing(uuid, text, jsonb) to steward_support;
