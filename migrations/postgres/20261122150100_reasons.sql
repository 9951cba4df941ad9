set local role steward_owner;

create or replace function steward.claim_intent(intent uuid, action text, request jsonb, reason text) returns jsonb
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
    -- What is dangerous in itself is not done without saying why.
    if coalesce(btrim(claim_intent.reason), '') = '' and claim_intent.action in
        ('suspend_user', 'cleanup_usage', 'edit_plan', 'close_month', 'reopen_month', 'create_operator', 'remove_operator') then
        raise exception 'This needs a reason.' using errcode = 'ST400', column = 'reason';
    end if;
    perform set_config('steward.intent', claim_intent.intent::text, true);
    perform set_config('steward.action', claim_intent.action, true);
    perform set_config('steward.reason', coalesce(claim_intent.reason, ''), true);
    return null;
end
$$;

create or replace function steward.finish_intent(intent uuid, skipped jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    answer jsonb;
    users bigint;
    lines bigint;
begin
    if coalesce(btrim(current_setting('steward.reason', true)), '') = '' then
        select count(*) filter (where a.table_name = 'users'), count(*) into users, lines
        from steward.audit_log a where a.intent = finish_intent.intent;
        if users > 1 or (users = 0 and lines > 1) then
            raise exception 'A change of several rows needs a reason.' using errcode = 'ST400', column = 'reason';
        end if;
    end if;
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
