set local role steward_owner;

create or replace function steward.extend_trial(intent uuid, users uuid[], until timestamptz, expect jsonb, reason text) returns jsonb
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
    -- The period of a trial is the trial: the first invoice comes at the end of both. A period that was never written
    -- down stays so.
    update steward.subscriptions s set
        trial_end = extend_trial.until,
        current_period_end = case when s.current_period_end < extend_trial.until then extend_trial.until else s.current_period_end end
    where s.user_id = any (users) and s.ended_at is null and s.status = 'trialing' and s.trial_end < extend_trial.until;
    return steward.finish_intent(extend_trial.intent, skipped);
end
$$;
comment on function steward.extend_trial(uuid, uuid[], timestamptz, jsonb, text) is 'Moves the end of trials to a later instant, with the trial and the period of their subscription; who has no trial or a longer one is left alone, who is billed at Stripe is refused.';
