set local role steward_owner;

create table steward.usage_adjustments (
    intent uuid not null,
    user_id uuid not null,
    period text not null,
    metric text not null,
    delta bigint not null,
    constraint usage_adjustments_pkey primary key (intent, user_id, period, metric),
    constraint usage_adjustments_user_exists foreign key (user_id) references steward.users (id) on delete cascade
);
create index usage_adjustments_by_period on steward.usage_adjustments (period, user_id);
comment on table steward.usage_adjustments is 'What people took off counters or added: a counter is the sum of its events and of these, so that counting again undoes no reset.';
comment on column steward.usage_adjustments.intent is 'The operation that did it; when and why is in the audit log.';
comment on column steward.usage_adjustments.delta is 'Added to the counter; a reset is minus what was used.';
alter table steward.usage_adjustments enable row level security;
create policy console_reads_all on steward.usage_adjustments for select to steward_viewer using (true);
grant select on steward.usage_adjustments to steward_viewer;
select steward.enable_audit('usage_adjustments');

-- Counting is the platform's daily work; what an action does to a counter is somebody's.
create trigger audit after insert or update or delete on steward.usage_counters for each row
    when (coalesce(current_setting('steward.action', true), '') <> '')
    execute function steward.audit('user_id', 'period', 'metric');
alter table steward.usage_counters enable always trigger audit;

create or replace function steward.audit() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    -- Bookkeeping: who last came by is not a change somebody made.
    quiet constant text[] := array['updated_at', 'revision', 'last_seen_at'];
    old_row jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
    new_row jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
    touched text[];
    entry steward.audit_log;
begin
    if tg_op = 'UPDATE' then
        select array_agg(k) into touched
        from jsonb_object_keys(new_row) k
        where k <> all (quiet) and old_row -> k is distinct from new_row -> k;
        if touched is null then
            return null;
        end if;
        select jsonb_object_agg(k, old_row -> k), jsonb_object_agg(k, new_row -> k)
        into entry.before, entry.after
        from unnest(touched) k;
    else
        entry.before := old_row - quiet;
        -- When a row was made is when the entry was; left out, what is previewed is what is applied.
        entry.after := new_row - quiet - 'created_at'::text;
    end if;
    entry.intent := nullif(current_setting('steward.intent', true), '')::uuid;
    entry.action := coalesce(nullif(current_setting('steward.action', true), ''), 'direct');
    -- Sign-ups and the like are the platform's daily work; their rows tell when they were made.
    if tg_op = 'INSERT' and entry.action = 'direct' and tg_nargs > 0 and tg_argv[tg_nargs - 1] = 'inserts by actions only' then
        return null;
    end if;
    entry.at := now();
    entry.login := session_user;
    entry.operator := (select o.name from steward.operators o where o.login = session_user);
    entry.client := nullif(current_setting('application_name', true), '');
    entry.reason := coalesce(current_setting('steward.reason', true), '');
    entry.table_name := tg_table_name;
    entry.row_key := (
        select jsonb_object_agg(k, coalesce(new_row, old_row) -> k) from unnest(tg_argv) k where k <> 'inserts by actions only'
    );
    entry.xid := pg_current_xact_id()::text::bigint;
    -- One writer of the chain at a time, until its transaction ends: the next one has to see this hash.
    perform pg_advisory_xact_lock(hashtextextended('steward.audit_log', 0));
    entry.previous_hash := coalesce((select a.hash from steward.audit_log a order by a.id desc limit 1), repeat('0', 64));
    entry.id := nextval(pg_get_serial_sequence('steward.audit_log', 'id'));
    entry.hash := steward.audit_hash(entry);
    insert into steward.audit_log (id, at, intent, login, operator, client, action, reason, table_name, row_key, before, after, xid, previous_hash, hash)
    overriding system value
    values (entry.id, entry.at, entry.intent, entry.login, entry.operator, entry.client, entry.action, entry.reason, entry.table_name, entry.row_key, entry.before, entry.after, entry.xid, entry.previous_hash, entry.hash);
    return null;
end
$$;

create or replace function steward.row_label(table_name text, row_key jsonb) returns text
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
            when 'quota_overrides' then (
                select 'Raised ' || q.metric || ' a ' || q.period || ' of '
                    || concat_ws(' in ', nullif(u.email, ''), t.name, case when q.api_key_id is not null then 'key ' || q.api_key_id end)
                from steward.quota_overrides q
                left join steward.users u on u.id = q.user_id
                left join steward.teams t on t.id = q.team_id
                where q.id = (row_key ->> 'id')::uuid
            )
        end,
        case when table_name in ('usage_counters', 'usage_adjustments') then (
            select case table_name when 'usage_counters' then '' else 'Adjustment of ' end || (row_key ->> 'metric') || ' in ' || (row_key ->> 'period') || ' of ' || u.email
            from steward.users u where u.id = (row_key ->> 'user_id')::uuid and u.email <> ''
        ) end,
        (select string_agg(k.value, ' · ' order by k.key) from jsonb_each_text(row_key) k)
    )
$$;

create function steward.begin_user_action(intent uuid, action text, users uuid[], request jsonb, expect jsonb, reason text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    wanted uuid[];
    answer jsonb;
    listed text;
    listing jsonb;
begin
    if not pg_has_role(session_user, 'steward_support', 'member') then
        raise exception 'This takes a login of steward_support or steward_admin.' using errcode = '42501';
    end if;
    select coalesce(array_agg(distinct u order by u), '{}') into wanted from unnest(users) u where u is not null;
    answer := steward.claim_intent(begin_user_action.intent, begin_user_action.action, request || jsonb_build_object('users', to_jsonb(wanted), 'expect', coalesce(expect, '{}')), reason);
    if answer is not null then
        return answer;
    end if;
    if cardinality(wanted) = 0 then
        raise exception 'Name at least one user.' using errcode = 'ST400', column = 'users';
    end if;
    if coalesce(btrim(reason), '') = '' and (cardinality(wanted) > 1 or action in ('suspend_user', 'reset_usage', 'raise_limit')) then
        raise exception 'This needs a reason.' using errcode = 'ST400', column = 'reason';
    end if;
    -- Locked in one order, so that two changes of the same users wait for each other instead of for ever; weak enough
    -- that counting goes on.
    perform from steward.users u where u.id = any (wanted) order by u.id for no key update;

    select string_agg(w::text, ', ') into listed
    from unnest(wanted) w where not exists (select from steward.users u where u.id = w and u.status <> 'erased');
    if listed is not null then
        raise exception 'There is no user %.', listed using errcode = 'ST404', column = 'users';
    end if;

    select jsonb_agg(jsonb_build_object('id', u.id, 'label', steward.row_label('users', jsonb_build_object('id', u.id)), 'column', x.key, 'expected', x.value, 'actual', to_jsonb(u) -> x.key) order by u.email, x.key),
        string_agg(distinct steward.row_label('users', jsonb_build_object('id', u.id)), ', ')
    into listing, listed
    from steward.users u
    cross join lateral jsonb_each(case when jsonb_typeof(expect -> u.id::text) = 'object' then expect -> u.id::text else '{}' end) x
    where u.id = any (wanted) and to_jsonb(u) -> x.key is distinct from x.value
      -- The same instant may be written in another zone.
      and not (x.key = 'trial_end' and jsonb_typeof(x.value) = 'string' and (x.value #>> '{}')::timestamptz is not distinct from u.trial_end);
    if listing is not null then
        raise exception 'Changed meanwhile: %. Nothing was done.', listed using errcode = 'ST409', detail = listing::text;
    end if;
    return null;
end
$$;
comment on function steward.begin_user_action(uuid, text, uuid[], jsonb, jsonb, text) is 'Begins an action on users: claims it, locks and checks them. expect: user id to an object of columns and the values they are thought to have. Returns the earlier result of a repeated call, else null.';

create function steward.suspend_user(intent uuid, users uuid[], expect jsonb, reason text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    answer jsonb;
    skipped jsonb;
begin
    answer := steward.begin_user_action(suspend_user.intent, 'suspend_user', users, '{}', expect, reason);
    if answer is not null then
        return answer;
    end if;
    select jsonb_agg(jsonb_build_object('label', steward.row_label('users', jsonb_build_object('id', u.id)), 'reason', 'Is suspended already.') order by u.email)
    into skipped from steward.users u where u.id = any (users) and u.status = 'suspended';
    update steward.users u set status = 'suspended' where u.id = any (users) and u.status = 'active';
    return steward.finish_intent(suspend_user.intent, skipped);
end
$$;
comment on function steward.suspend_user(uuid, uuid[], jsonb, text) is 'Users may not use the product until they are restored; nothing of theirs is removed.';

create function steward.restore_user(intent uuid, users uuid[], expect jsonb, reason text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    answer jsonb;
    skipped jsonb;
begin
    answer := steward.begin_user_action(restore_user.intent, 'restore_user', users, '{}', expect, reason);
    if answer is not null then
        return answer;
    end if;
    select jsonb_agg(jsonb_build_object('label', steward.row_label('users', jsonb_build_object('id', u.id)), 'reason', 'Is not suspended.') order by u.email)
    into skipped from steward.users u where u.id = any (users) and u.status = 'active';
    update steward.users u set status = 'active' where u.id = any (users) and u.status = 'suspended';
    return steward.finish_intent(restore_user.intent, skipped);
end
$$;
comment on function steward.restore_user(uuid, uuid[], jsonb, text) is 'Suspended users may use the product again.';

create function steward.extend_trial(intent uuid, users uuid[], until timestamptz, expect jsonb, reason text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    answer jsonb;
    listed text;
    skipped jsonb;
begin
    answer := steward.begin_user_action(extend_trial.intent, 'extend_trial', users, jsonb_build_object('until', until), expect, reason);
    if answer is not null then
        return answer;
    end if;
    if until is null or not isfinite(until) or until <= statement_timestamp() or until > statement_timestamp() + interval '1 year' then
        raise exception 'A trial is extended to an instant within the next year.' using errcode = 'ST400', column = 'until';
    end if;
    perform from steward.subscriptions s where s.user_id = any (users) and s.ended_at is null order by s.id for update;
    select string_agg(u.email, ', ' order by u.email) into listed
    from steward.subscriptions s
    join steward.users u on u.id = s.user_id
    where s.user_id = any (users) and s.ended_at is null and s.stripe_subscription_id is not null;
    if listed is not null then
        raise exception 'Billed at Stripe, so the trial has to be extended there: %.', listed using errcode = 'ST400', column = 'users',
            hint = 'In Stripe, set the subscription''s trial_end; what Stripe says then arrives here.';
    end if;
    select jsonb_agg(jsonb_build_object('label', steward.row_label('users', jsonb_build_object('id', u.id)), 'reason',
        case when u.trial_end is null then 'Has no trial.' else 'The trial ends later already, at ' || to_char(u.trial_end, 'YYYY-MM-DD HH24:MI') || ' UTC.' end) order by u.email)
    into skipped from steward.users u where u.id = any (users) and (u.trial_end is null or u.trial_end >= until);
    update steward.users u set trial_end = extend_trial.until where u.id = any (users) and u.trial_end < extend_trial.until;
    update steward.subscriptions s set trial_end = extend_trial.until
    where s.user_id = any (users) and s.ended_at is null and s.status = 'trialing' and s.trial_end < extend_trial.until;
    return steward.finish_intent(extend_trial.intent, skipped);
end
$$;
comment on function steward.extend_trial(uuid, uuid[], timestamptz, jsonb, text) is 'Moves the end of trials to a later instant, with that of their subscription; who has no trial or a longer one is left alone, who is billed at Stripe is refused.';

create function steward.reset_usage(intent uuid, users uuid[], metric text, period text, expect jsonb, reason text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    answer jsonb;
    keys text[];
    skipped jsonb;
begin
    answer := steward.begin_user_action(reset_usage.intent, 'reset_usage', users, jsonb_build_object('metric', metric, 'period', period), expect, reason);
    if answer is not null then
        return answer;
    end if;
    if metric is not null then
        perform steward.check_quantity(metric, 0);
    end if;
    if period is null then
        keys := array[steward.period_key('month', statement_timestamp()), steward.period_key('day', statement_timestamp())];
    elsif period = 'lifetime' or period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$' then
        keys := array[period];
    else
        raise exception '% is no period: give a month as YYYY-MM, or lifetime, or none for the current month and day.', quote_literal(period)
            using errcode = 'ST400', column = 'period';
    end if;
    perform from steward.usage_counters c
    where c.user_id = any (users) and c.period = any (keys) and (reset_usage.metric is null or c.metric = reset_usage.metric)
    order by c.user_id, c.period, c.metric for update;
    select jsonb_agg(jsonb_build_object('label', steward.row_label('users', jsonb_build_object('id', u.id)), 'reason', 'Used nothing in ' || array_to_string(keys, ' and ') || '.') order by u.email)
    into skipped from steward.users u
    where u.id = any (users) and not exists (
        select from steward.usage_counters c
        where c.user_id = u.id and c.period = any (keys) and (reset_usage.metric is null or c.metric = reset_usage.metric) and c.used > 0
    );
    insert into steward.usage_adjustments (intent, user_id, period, metric, delta)
    select reset_usage.intent, c.user_id, c.period, c.metric, -c.used
    from steward.usage_counters c
    where c.user_id = any (users) and c.period = any (keys) and (reset_usage.metric is null or c.metric = reset_usage.metric) and c.used > 0
    order by c.user_id, c.period, c.metric;
    update steward.usage_counters c set used = 0, updated_at = now()
    where c.user_id = any (users) and c.period = any (keys) and (reset_usage.metric is null or c.metric = reset_usage.metric) and c.used > 0;
    return steward.finish_intent(reset_usage.intent, skipped);
end
$$;
comment on function steward.reset_usage(uuid, uuid[], text, text, jsonb, text) is 'Sets counters back to 0 and keeps what they were in usage_adjustments and the audit log; events stay. metric null is every metric; period null is the current month and day (UTC), else YYYY-MM or lifetime.';

create function steward.raise_limit(intent uuid, subject jsonb, metric text, period text, limit_value bigint, until timestamptz, expect jsonb, reason text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    answer jsonb;
    account constant uuid := (subject ->> 'user_id')::uuid;
    team constant uuid := (subject ->> 'team_id')::uuid;
    api_key constant uuid := (subject ->> 'api_key_id')::uuid;
    holds record;
begin
    if not pg_has_role(session_user, 'steward_support', 'member') then
        raise exception 'Raising limits takes a login of steward_support or steward_admin.' using errcode = '42501';
    end if;
    answer := steward.claim_intent(raise_limit.intent, 'raise_limit', jsonb_build_object('subject', subject, 'metric', metric, 'period', period, 'limit', limit_value, 'until', until, 'expect', coalesce(expect, '{}')), reason);
    if answer is not null then
        return answer;
    end if;
    if coalesce(btrim(reason), '') = '' then
        raise exception 'This needs a reason.' using errcode = 'ST400', column = 'reason';
    end if;
    if subject is null or num_nonnulls(account, team, api_key) = 0 or (api_key is not null and num_nonnulls(account, team) > 0) then
        raise exception 'Name a user, a team, a member (user and team) or a key.' using errcode = 'ST400', column = 'subject';
    end if;
    if limit_value < 0 or limit_value > 1000000000000 then
        raise exception 'A limit lies between 0 and 1,000,000,000,000, or is none for unlimited.' using errcode = 'ST400', column = 'limit';
    end if;
    perform steward.check_quantity(metric, 0);
    if not exists (select from steward.plan_limits l where l.metric = raise_limit.metric and l.period = raise_limit.period) then
        raise exception 'No plan limits % by %.', metric, quote_literal(coalesce(period, '')) using errcode = 'ST400', column = 'period';
    end if;
    if until is null or not isfinite(until) or until <= statement_timestamp() or until > statement_timestamp() + interval '1 year' then
        raise exception 'A raise ends at an instant within the next year.' using errcode = 'ST400', column = 'until';
    end if;
    if account is not null then
        perform from steward.users u where u.id = account and u.status <> 'erased' for no key update;
        if not found then
            raise exception 'There is no user %.', account using errcode = 'ST404', column = 'users';
        end if;
        select * into holds from steward.effective_limits(account) e where e.metric = raise_limit.metric and e.period = raise_limit.period;
        if expect ? 'limit' and to_jsonb(holds.limit_value) is distinct from nullif(expect -> 'limit', 'null') then
            raise exception 'Changed meanwhile: the limit is % now. Nothing was done.', coalesce(holds.limit_value::text, 'unlimited') using errcode = 'ST409';
        end if;
        if holds.limit_value is null then
            raise exception '% a % is unlimited already.', initcap(metric), period using errcode = 'ST400', column = 'limit';
        elsif raise_limit.limit_value <= holds.limit_value then
            raise exception 'The limit is % already; a raise is more than that.', holds.limit_value using errcode = 'ST400', column = 'limit';
        end if;
    end if;
    if team is not null and not exists (select from steward.teams t where t.id = team) then
        raise exception 'There is no team %.', team using errcode = 'ST404', column = 'subject';
    end if;
    if account is not null and team is not null and not exists (select from steward.team_members m where m.team_id = team and m.user_id = account) then
        raise exception 'The user is no member of the team.' using errcode = 'ST400', column = 'subject';
    end if;
    -- The change's own id, so that the row previewed is the row applied.
    insert into steward.quota_overrides (id, user_id, team_id, api_key_id, metric, period, limit_value, until, reason)
    values (raise_limit.intent, account, team, api_key, raise_limit.metric, raise_limit.period, raise_limit.limit_value, raise_limit.until, raise_limit.reason);
    return steward.finish_intent(raise_limit.intent, null);
end
$$;
comment on function steward.raise_limit(uuid, jsonb, text, text, bigint, timestamptz, jsonb, text) is 'Raises a limit until an instant: subject {user_id}, {team_id}, both for a member, or {api_key_id}; limit_value null is unlimited. expect {limit}: the user''s limit as it was looked at. Ends by itself; steward.revert ends it earlier.';

create or replace function steward.revert(intent uuid, operation uuid, reason text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    -- What these made can go again, and what went can come back; any other row stays.
    removable constant text[] := array['quota_overrides', 'usage_adjustments'];
    answer jsonb;
    done steward.intents;
    origin steward.intents;
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

    for entry in select * from steward.audit_log a where a.intent = revert.operation order by a.id desc loop
        relation := ('steward.' || quote_ident(entry.table_name))::regclass;
        why := null;
        moved := null;
        select string_agg(format('t.%I = (jsonb_populate_record(null::%s, $1)).%1$I', k, relation), ' and ')
        into key_match from jsonb_object_keys(entry.row_key) k;
        execute format('select to_jsonb(t) from %s t where %s for update', relation, key_match) into current_row using entry.row_key;

        if entry.table_name = 'usage_counters' and entry.before is not null and entry.after is not null and current_row is not null then
            -- Use goes on: what the operation took off is added to what was used since.
            update steward.usage_counters c
            set used = greatest(c.used + (entry.before ->> 'used')::bigint - (entry.after ->> 'used')::bigint, 0), updated_at = now()
            where c.user_id = (entry.row_key ->> 'user_id')::uuid and c.period = entry.row_key ->> 'period' and c.metric = entry.row_key ->> 'metric';
            continue;
        end if;
        if (entry.before is null or entry.after is null) and entry.table_name <> all (removable) then
            why := 'It was made or removed, which cannot be taken back.';
        elsif entry.after is null then
            if current_row is not null then
                why := 'It is there again.';
            else
                execute format('insert into %s select (jsonb_populate_record(null::%1$s, $1)).*', relation)
                using entry.before || jsonb_build_object('updated_at', now(), 'revision', 1);
                continue;
            end if;
        elsif current_row is null then
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
        if why is not null then
            skipped := skipped || jsonb_build_object('label', steward.row_label(entry.table_name, entry.row_key), 'reason', why);
            continue;
        end if;
        if entry.before is null then
            execute format('delete from %s t where %s', relation, key_match) using entry.row_key;
            continue;
        end if;
        select string_agg(format('%I = (jsonb_populate_record(null::%s, $2)).%1$I', k, relation), ', ')
        into setting from jsonb_object_keys(entry.before) k;
        execute format('update %s t set %s where %s', relation, setting, key_match) using entry.row_key, entry.before;
    end loop;
    return steward.finish_intent(revert.intent, skipped);
end
$$;

grant execute on function
    steward.suspend_user(uuid, uuid[], jsonb, text), steward.restore_user(uuid, uuid[], jsonb, text), steward.extend_trial(uuid, uuid[], timestamptz, jsonb, text),
    steward.reset_usage(uuid, uuid[], text, text, jsonb, text), steward.raise_limit(uuid, jsonb, text, text, bigint, timestamptz, jsonb, text)
to steward_support;
