set local role steward_owner;

create table steward.intents (
    intent uuid not null,
    login text not null default session_user,
    action text not null,
    request jsonb not null,
    claimed_at timestamptz not null default now(),
    result jsonb,
    constraint intents_pkey primary key (intent)
);
comment on table steward.intents is 'Every operation once: the same intent with the same request answers with the stored result, with another request it is refused.';

create function steward.row_label(table_name text, row_key jsonb) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
        case table_name
            when 'users' then (select nullif(u.email, '') from steward.users u where u.id = (row_key ->> 'id')::uuid)
            when 'subscriptions' then (
                select 'Subscription of ' || coalesce(nullif(u.email, ''), t.name)
                from steward.subscriptions s
                left join steward.users u on u.id = s.user_id
                left join steward.teams t on t.id = s.team_id
                where s.id = (row_key ->> 'id')::uuid
            )
            when 'teams' then (select t.name from steward.teams t where t.id = (row_key ->> 'id')::uuid)
            when 'plans' then (select p.name from steward.plans p where p.code = row_key ->> 'code')
            when 'operators' then (select o.name from steward.operators o where o.login = row_key ->> 'login')
        end,
        (select string_agg(k.value, ' · ' order by k.key) from jsonb_each_text(row_key) k)
    )
$$;
comment on function steward.row_label(text, jsonb) is 'How people know a row: an e-mail address, a name, else its key.';

-- The frame of every action: claim, then act, then finish.
create function steward.claim_intent(intent uuid, action text, request jsonb, reason text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    earlier steward.intents;
begin
    if claim_intent.intent is null then
        raise exception 'A change needs an id of its own.' using errcode = 'ST400', column = 'intent';
    end if;
    insert into steward.intents (intent, action, request)
    values (claim_intent.intent, claim_intent.action, claim_intent.request)
    on conflict on constraint intents_pkey do nothing;
    if not found then
        select * into earlier from steward.intents i where i.intent = claim_intent.intent;
        if (earlier.login, earlier.action, earlier.request) is distinct from (session_user::text, claim_intent.action, claim_intent.request) then
            raise exception 'This change''s id was used for another change.' using errcode = 'ST400', column = 'intent';
        end if;
        return earlier.result || '{"repeated": true}';
    end if;
    perform set_config('steward.intent', claim_intent.intent::text, true);
    perform set_config('steward.action', claim_intent.action, true);
    perform set_config('steward.reason', coalesce(claim_intent.reason, ''), true);
    return null;
end
$$;
comment on function steward.claim_intent(uuid, text, jsonb, text) is 'Begins an action: null when it has to be done, else the result it had, marked as repeated.';

create function steward.finish_intent(intent uuid, skipped jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    answer jsonb;
begin
    select jsonb_build_object(
        'intent', finish_intent.intent,
        'xid', pg_current_xact_id()::text,
        'rows', coalesce(jsonb_agg(jsonb_build_object(
            'table', a.table_name,
            'key', a.row_key,
            'label', steward.row_label(a.table_name, a.row_key),
            'before', a.before,
            'after', a.after
        ) order by a.id), '[]'::jsonb),
        'skipped', coalesce(finish_intent.skipped, '[]'::jsonb)
    )
    into answer
    from steward.audit_log a
    where a.intent = finish_intent.intent;
    update steward.intents i set result = answer where i.intent = finish_intent.intent;
    -- What the same transaction does next is not part of this action.
    perform set_config('steward.intent', '', true);
    perform set_config('steward.action', '', true);
    perform set_config('steward.reason', '', true);
    return answer;
end
$$;
comment on function steward.finish_intent(uuid, jsonb) is 'Ends an action: its audit entries are its result.';

create function steward.change_plan(intent uuid, users uuid[], plan text, expect jsonb, reason text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    wanted uuid[];
    answer jsonb;
    found_plan steward.plans;
    listed text;
    listing jsonb;
    skipped jsonb;
begin
    if not pg_has_role(session_user, 'steward_support', 'member') then
        raise exception 'Changing plans takes a login of steward_support or steward_admin.' using errcode = '42501';
    end if;
    select coalesce(array_agg(distinct u order by u), '{}') into wanted from unnest(users) u where u is not null;
    answer := steward.claim_intent(change_plan.intent, 'change_plan', jsonb_build_object('users', to_jsonb(wanted), 'plan', plan, 'expect', coalesce(expect, '{}')), reason);
    if answer is not null then
        return answer;
    end if;
    if cardinality(wanted) = 0 then
        raise exception 'Name at least one user.' using errcode = 'ST400', column = 'users';
    end if;
    if cardinality(wanted) > 1 and coalesce(btrim(reason), '') = '' then
        raise exception 'A change of several users needs a reason.' using errcode = 'ST400', column = 'reason';
    end if;
    select * into found_plan from steward.plans p where p.code = change_plan.plan for share;
    if not found then
        raise exception 'There is no plan %.', quote_literal(coalesce(plan, '')) using errcode = 'ST400', column = 'plan_code';
    elsif found_plan.archived_at is not null then
        raise exception 'The plan % is no longer offered.', found_plan.name using errcode = 'ST400', column = 'plan_code';
    end if;

    -- Locked in one order, so that two changes of the same users wait for each other instead of for ever.
    perform from steward.users u where u.id = any (wanted) order by u.id for update;
    perform from steward.subscriptions s where s.user_id = any (wanted) and s.ended_at is null order by s.id for update;

    select string_agg(w::text, ', ') into listed
    from unnest(wanted) w where not exists (select from steward.users u where u.id = w and u.status <> 'erased');
    if listed is not null then
        raise exception 'There is no user %.', listed using errcode = 'ST404', column = 'users';
    end if;

    select jsonb_agg(jsonb_build_object('id', u.id, 'label', steward.row_label('users', jsonb_build_object('id', u.id)), 'expected', e.value, 'actual', to_jsonb(u) -> e.key) order by u.email, e.key),
        string_agg(distinct steward.row_label('users', jsonb_build_object('id', u.id)), ', ')
    into listing, listed
    from steward.users u
    cross join lateral (
        select 'plan_code' as key, expect -> u.id::text as value where jsonb_typeof(expect -> u.id::text) in ('string', 'null')
        union all
        select x.key, x.value from jsonb_each(case when jsonb_typeof(expect -> u.id::text) = 'object' then expect -> u.id::text end) x
    ) e
    where u.id = any (wanted) and to_jsonb(u) -> e.key is distinct from e.value;
    if listing is not null then
        raise exception 'Changed meanwhile: %. Nothing was done.', listed using errcode = 'ST409', detail = listing::text;
    end if;

    if found_plan.custom_for_team is not null then
        select string_agg(u.email, ', ' order by u.email) into listed
        from steward.users u
        where u.id = any (wanted)
          and not exists (select from steward.team_members m where m.user_id = u.id and m.team_id = found_plan.custom_for_team);
        if listed is not null then
            raise exception 'The plan % belongs to one team, and not to it: %.', found_plan.name, listed using errcode = 'ST400', column = 'plan_code';
        end if;
    end if;

    select string_agg(u.email, ', ' order by u.email) into listed
    from steward.subscriptions s
    join steward.users u on u.id = s.user_id
    where s.user_id = any (wanted) and s.ended_at is null and s.stripe_subscription_id is not null and s.plan_code <> plan;
    if listed is not null then
        raise exception 'Billed at Stripe, so the plan has to be changed there: %.', listed using errcode = 'ST400', column = 'users';
    end if;

    select jsonb_agg(jsonb_build_object('label', steward.row_label('users', jsonb_build_object('id', u.id)), 'reason', 'Is on ' || found_plan.name || ' already.') order by u.email)
    into skipped
    from steward.users u
    where u.id = any (wanted) and u.plan_code = plan
      and not exists (select from steward.subscriptions s where s.user_id = u.id and s.ended_at is null and s.plan_code <> plan);

    update steward.users u set plan_code = change_plan.plan
    where u.id = any (wanted) and u.plan_code is distinct from change_plan.plan;
    -- A price agreed for the plan before does not follow to the next one: the list price of its own currency is written
    -- down, so that the history keeps what was charged when the list changes later.
    update steward.subscriptions s
    set plan_code = change_plan.plan,
        unit_amount_minor = case when s.currency = found_plan.currency then
            s.interval_count * case s.billing_interval when 'year' then found_plan.price_year_minor else found_plan.price_month_minor end
        end
    where s.user_id = any (wanted) and s.ended_at is null and s.plan_code <> change_plan.plan;

    return steward.finish_intent(change_plan.intent, skipped);
end
$$;
comment on function steward.change_plan(uuid, uuid[], text, jsonb, text) is 'Moves users, and what they subscribe to, to another plan; all or none. expect: user id to the plan_code it is thought to have, or to an object of columns. Undone by steward.revert.';

create function steward.revert(intent uuid, operation uuid, reason text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    answer jsonb;
    done steward.intents;
    entry steward.audit_log;
    relation regclass;
    key_match text;
    setting text;
    current_row jsonb;
    moved text;
    why text;
    skipped jsonb := '[]';
begin
    if not pg_has_role(session_user, 'steward_support', 'member') then
        raise exception 'Taking changes back takes a login of steward_support or steward_admin.' using errcode = '42501';
    end if;
    answer := steward.claim_intent(revert.intent, 'revert', jsonb_build_object('operation', operation), reason);
    if answer is not null then
        return answer;
    end if;
    select * into done from steward.intents i where i.intent = revert.operation;
    if not found or revert.operation = revert.intent then
        raise exception 'There is no such operation.' using errcode = 'ST404', column = 'operation';
    elsif done.action not in ('change_plan', 'revert') then
        raise exception 'What % did cannot be taken back.', done.action using errcode = 'ST400', column = 'operation';
    end if;

    for entry in select * from steward.audit_log a where a.intent = revert.operation order by a.id desc loop
        relation := ('steward.' || quote_ident(entry.table_name))::regclass;
        why := null;
        if entry.before is null or entry.after is null then
            why := 'It was made or removed, which cannot be taken back.';
        else
            select string_agg(format('t.%I = (jsonb_populate_record(null::%s, $1)).%1$I', k, relation), ' and ')
            into key_match from jsonb_object_keys(entry.row_key) k;
            execute format('select to_jsonb(t) from %s t where %s for update', relation, key_match) into current_row using entry.row_key;
            if current_row is null then
                why := 'It no longer exists.';
            else
                select string_agg(format('%s is now %s', k.key, coalesce(current_row ->> k.key, 'empty')), ', ' order by k.key)
                into moved from jsonb_each(entry.after) k where current_row -> k.key is distinct from k.value;
                if moved is not null then
                    why := 'It has changed since: ' || moved || '.';
                elsif entry.table_name = 'subscriptions' and current_row ->> 'stripe_subscription_id' is not null then
                    why := 'It is billed at Stripe by now; change it there.';
                end if;
            end if;
        end if;
        if why is not null then
            skipped := skipped || jsonb_build_object('label', steward.row_label(entry.table_name, entry.row_key), 'reason', why);
            continue;
        end if;
        select string_agg(format('%I = (jsonb_populate_record(null::%s, $2)).%1$I', k, relation), ', ')
        into setting from jsonb_object_keys(entry.before) k;
        execute format('update %s t set %s where %s', relation, setting, key_match) using entry.row_key, entry.before;
    end loop;
    return steward.finish_intent(revert.intent, skipped);
end
$$;
comment on function steward.revert(uuid, uuid, text) is 'Writes the rows of an operation back as they were, where they have not moved since; says which it left and why.';

grant execute on function steward.change_plan(uuid, uuid[], text, jsonb, text), steward.revert(uuid, uuid, text) to steward_support;
