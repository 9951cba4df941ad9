set local role steward_owner;

create function steward.operation_rows(operation uuid)
returns table (table_name text, row_key jsonb, before jsonb, after jsonb, belongs_to text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select a.table_name, a.row_key, a.before, a.after,
        case
            when a.table_name = 'users' then 'account ' || (a.row_key ->> 'id')
            when a.table_name = 'subscriptions' then 'account ' || coalesce(s.user_id::text, s.team_id::text, a.row_key ->> 'id')
            -- A counter is the sum of its events and of what people took off it, so these two go together.
            when a.table_name in ('usage_counters', 'usage_adjustments') then 'usage ' || (a.row_key - 'intent'::text)::text
            else a.table_name || ' ' || a.row_key::text
        end
    from steward.audit_log a
    left join steward.subscriptions s on a.table_name = 'subscriptions' and s.id = (a.row_key ->> 'id')::uuid
    where a.intent = operation_rows.operation
    order by a.id desc;
end
$$;
comment on function steward.operation_rows(uuid) is 'What an operation changed, last row first, and to what each row belongs: rows that belong together are taken back together.';

create or replace function steward.revert(intent uuid, operation uuid, reason text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    -- What these made can go again, and what went can come back; any other row stays.
    removable constant text[] := array['quota_overrides', 'usage_adjustments'];
    answer jsonb;
    done steward.intents;
    origin steward.intents;
    done_to record;
    -- Accounts with a row that moved on.
    blocked text[] := '{}';
    relation regclass;
    key_match text;
    setting text;
    current_row jsonb;
    moved text;
    why text;
    reasons jsonb := '{}';
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
    end if;
    -- What a revert took back decides who may take the revert back.
    origin := done;
    while origin.action = 'revert' loop
        select * into origin from steward.intents i where i.intent = (origin.request ->> 'operation')::uuid;
    end loop;
    if origin.action = 'recompute_counters' and not pg_has_role(session_user, 'steward_admin', 'member') then
        raise exception 'Taking this back takes a login of steward_admin.' using errcode = '42501';
    elsif origin.action not in ('change_plan', 'suspend_user', 'restore_user', 'extend_trial', 'reset_usage', 'raise_limit', 'recompute_counters') then
        raise exception 'What % did cannot be taken back.', origin.action using errcode = 'ST400', column = 'operation';
    end if;

    -- Looked at before anything is written: a row that moved on keeps the rest of its account where it is.
    for done_to in select * from steward.operation_rows(revert.operation) loop
        relation := ('steward.' || quote_ident(done_to.table_name))::regclass;
        why := null;
        select string_agg(format('t.%I = (jsonb_populate_record(null::%s, $1)).%1$I', k, relation), ' and ')
        into key_match from jsonb_object_keys(done_to.row_key) k;
        execute format('select to_jsonb(t) from %s t where %s for update', relation, key_match) into current_row using done_to.row_key;

        if (done_to.before is null or done_to.after is null) and done_to.table_name <> all (removable) then
            why := 'It was made or removed, which cannot be taken back.';
        elsif done_to.after is null then
            if current_row is not null then
                why := 'It is there again.';
            end if;
        elsif current_row is null then
            why := 'It no longer exists.';
        elsif done_to.table_name <> 'usage_counters' or done_to.before is null then
            select string_agg(format('%s is now %s', k.key, coalesce(current_row ->> k.key, 'empty')), ', ' order by k.key)
            into moved from jsonb_each(done_to.after) k where current_row -> k.key is distinct from k.value;
            if moved is not null then
                why := 'It has changed since: ' || moved || '.';
            elsif done_to.table_name = 'subscriptions' and current_row ->> 'stripe_subscription_id' is not null then
                why := 'It is billed at Stripe by now; change it there.';
            end if;
        end if;
        if why is not null then
            blocked := blocked || done_to.belongs_to;
            reasons := reasons || jsonb_build_object(done_to.table_name || ' ' || done_to.row_key::text, why);
        end if;
    end loop;

    for done_to in
        select r.*, r.belongs_to in (select b from unnest(blocked) b) as is_blocked from steward.operation_rows(revert.operation) r
    loop
        if done_to.is_blocked then
            skipped := skipped || jsonb_build_object(
                'label', steward.row_label(done_to.table_name, done_to.row_key),
                'reason', coalesce(reasons ->> (done_to.table_name || ' ' || done_to.row_key::text), 'Another row of the account has moved on; they go back together or not at all.')
            );
            continue;
        end if;
        relation := ('steward.' || quote_ident(done_to.table_name))::regclass;
        select string_agg(format('t.%I = (jsonb_populate_record(null::%s, $1)).%1$I', k, relation), ' and ')
        into key_match from jsonb_object_keys(done_to.row_key) k;
        if done_to.after is null then
            execute format('insert into %s select (jsonb_populate_record(null::%1$s, $1)).*', relation)
            using done_to.before || jsonb_build_object('updated_at', now(), 'revision', 1);
        elsif done_to.before is null then
            execute format('delete from %s t where %s', relation, key_match) using done_to.row_key;
        elsif done_to.table_name = 'usage_counters' then
            -- Use goes on: what the operation took off is added to what was used since.
            update steward.usage_counters c
            set used = greatest(c.used + (done_to.before ->> 'used')::bigint - (done_to.after ->> 'used')::bigint, 0), updated_at = now()
            where c.user_id = (done_to.row_key ->> 'user_id')::uuid and c.period = done_to.row_key ->> 'period' and c.metric = done_to.row_key ->> 'metric';
        else
            select string_agg(format('%I = (jsonb_populate_record(null::%s, $2)).%1$I', k, relation), ', ')
            into setting from jsonb_object_keys(done_to.before) k;
            execute format('update %s t set %s where %s', relation, setting, key_match) using done_to.row_key, done_to.before;
        end if;
    end loop;
    return steward.finish_intent(revert.intent, skipped);
end
$$;
