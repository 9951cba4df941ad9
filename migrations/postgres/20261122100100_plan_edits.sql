set local role steward_owner;

create function steward.edit_plan(intent uuid, plan text, changes jsonb, expect jsonb, reason text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    answer jsonb;
    old_plan steward.plans;
    new_month bigint;
    new_year bigint;
    moved text;
    wrong text;
    listed uuid[];
    edit record;
begin
    if not pg_has_role(session_user, 'steward_admin', 'member') then
        raise exception 'Editing the catalogue takes a login of steward_admin.' using errcode = '42501';
    end if;
    answer := steward.claim_intent(edit_plan.intent, 'edit_plan', jsonb_build_object('plan', plan, 'changes', changes, 'expect', coalesce(expect, '{}')), reason);
    if answer is not null then
        return answer;
    end if;
    if coalesce(btrim(reason), '') = '' then
        raise exception 'Editing a plan needs a reason.' using errcode = 'ST400', column = 'reason';
    end if;
    select string_agg(k, ', ' order by k) into wrong
    from jsonb_object_keys(case when jsonb_typeof(changes) = 'object' then changes else '{"": null}' end) k
    where k not in ('price_month_minor', 'price_year_minor', 'limits');
    if wrong is not null then
        raise exception 'Of a plan, prices and limits can be edited here, not: %.', wrong using errcode = 'ST400', column = 'changes';
    end if;
    select * into old_plan from steward.plans p where p.code = edit_plan.plan for update;
    if not found then
        raise exception 'There is no plan %.', quote_literal(coalesce(plan, '')) using errcode = 'ST404', column = 'plan';
    end if;
    select string_agg(format('%s is now %s', x.key, coalesce(to_jsonb(old_plan) ->> x.key, 'empty')), ', ' order by x.key)
    into moved
    from jsonb_each(case when jsonb_typeof(expect) = 'object' then expect else '{}' end) x
    where to_jsonb(old_plan) -> x.key is distinct from x.value;
    if moved is not null then
        raise exception 'Changed meanwhile: %. Nothing was done.', moved using errcode = 'ST409';
    end if;
    new_month := case when changes ? 'price_month_minor' then (changes ->> 'price_month_minor')::bigint else old_plan.price_month_minor end;
    new_year := case when changes ? 'price_year_minor' then (changes ->> 'price_year_minor')::bigint else old_plan.price_year_minor end;
    if new_month < 0 or new_year < 0 then
        raise exception 'A price is not below 0.' using errcode = 'ST400', column = 'changes';
    end if;

    if (new_month, new_year) is distinct from (old_plan.price_month_minor, old_plan.price_year_minor) then
        -- Who is on the list price is on the new one from now on. What was charged until now is written down first, so
        -- that the history does not change with the list; what is billed at Stripe stays at its price, which only
        -- Stripe changes.
        perform from steward.subscriptions s
        where s.plan_code = plan and s.unit_amount_minor is null and s.ended_at is null order by s.id for update;
        select coalesce(array_agg(c.subscription_id), '{}') into listed
        from (
            select distinct on (h.subscription_id) h.* from steward.subscription_changes h
            join steward.subscriptions s on s.id = h.subscription_id and s.ended_at is null and s.stripe_subscription_id is null
            where h.occurred_at <= now() order by h.subscription_id, h.occurred_at desc, h.recorded_at desc, h.kind = 'ended' desc
        ) c
        where c.plan_code = plan and c.unit_amount_minor is null and c.currency = old_plan.currency
          and case c.billing_interval when 'year' then new_year is distinct from old_plan.price_year_minor else new_month is distinct from old_plan.price_month_minor end
          -- Where it is no longer sold so, who has it keeps the price.
          and case c.billing_interval when 'year' then new_year else new_month end is not null;
        update steward.subscription_changes c
        set unit_amount_minor = c.interval_count * case c.billing_interval when 'year' then old_plan.price_year_minor else old_plan.price_month_minor end
        where c.plan_code = plan and c.unit_amount_minor is null and c.currency = old_plan.currency
          and case c.billing_interval when 'year' then new_year is distinct from old_plan.price_year_minor else new_month is distinct from old_plan.price_month_minor end;
        update steward.subscriptions s
        set unit_amount_minor = s.interval_count * case s.billing_interval when 'year' then old_plan.price_year_minor else old_plan.price_month_minor end
        where s.plan_code = plan and s.unit_amount_minor is null and s.stripe_subscription_id is not null and s.currency = old_plan.currency and s.ended_at is null
          and case s.billing_interval when 'year' then new_year is distinct from old_plan.price_year_minor else new_month is distinct from old_plan.price_month_minor end;
        insert into steward.subscription_changes (subscription_id, user_id, team_id, occurred_at, kind, plan_code, status, billing_interval, interval_count, quantity, unit_amount_minor, currency, discount_kind, discount_value, discount_until)
        select s.id, s.user_id, s.team_id, now(), 'changed', s.plan_code, s.status, s.billing_interval, s.interval_count, s.quantity, null, s.currency, s.discount_kind, s.discount_value, s.discount_until
        from steward.subscriptions s
        where s.id = any (listed) and s.unit_amount_minor is null and s.ended_at is null;
        update steward.plans p set price_month_minor = new_month, price_year_minor = new_year where p.code = plan;
    end if;

    for edit in select * from jsonb_to_recordset(case when jsonb_typeof(changes -> 'limits') = 'array' then changes -> 'limits' else '[]' end) as x (metric text, period text, limit_value bigint) loop
        update steward.plan_limits l set limit_value = edit.limit_value
        where l.plan_code = plan and l.metric = edit.metric and l.period = edit.period and l.limit_value is distinct from edit.limit_value;
        if not found and not exists (select from steward.plan_limits l where l.plan_code = plan and l.metric = edit.metric and l.period = edit.period) then
            raise exception '% has no limit of % a %.', old_plan.name, edit.metric, edit.period using errcode = 'ST400', column = 'limits';
        end if;
    end loop;
    return steward.finish_intent(edit_plan.intent, null);
end
$$;
comment on function steward.edit_plan(uuid, text, jsonb, jsonb, text) is 'Changes prices and limits of a plan. changes: price_month_minor, price_year_minor, limits [{metric, period, limit_value}]. Who is on the list price pays the new one from now on; what was charged before is written down in the history first. expect: columns of the plan and the values they are thought to have.';
grant execute on function steward.edit_plan(uuid, text, jsonb, jsonb, text) to steward_admin;
