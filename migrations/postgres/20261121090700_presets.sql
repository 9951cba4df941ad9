set local role steward_owner;

create function steward.install_preset(name text) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    preset jsonb;
    added int;
begin
    if not pg_has_role(session_user, 'steward_owner', 'member') and not pg_has_role(session_user, 'steward_admin', 'member') then
        raise exception 'Only an admin may fill the catalogue of plans.' using errcode = '42501';
    end if;
    -- plans: code, name, month, year (minor units), credits, rollover, seats, projects, integrations, requests a minute.
    -- limits: plan, metric, period, value, kind. features: plan, key, value.
    preset := case install_preset.name
        when 'demo' then '{
            "plans": [["demo", "Demo", 0, 0, null, null, null, null, null, null]],
            "limits": [
                ["demo", "content_generations", "lifetime", 999999, "soft"],
                ["demo", "image_generations", "lifetime", 999999, "soft"],
                ["demo", "video_generations", "lifetime", 999999, "soft"],
                ["demo", "chat_messages", "lifetime", 999999, "soft"]
            ],
            "features": [["demo", "usagePanel", true]]
        }'::jsonb
        when 'free_plus' then '{
            "plans": [
                ["free", "Free", 0, 0, null, null, 1, null, null, null],
                ["plus", "Plus", null, null, null, null, null, null, null, null]
            ],
            "limits": [],
            "features": [
                ["free", "analytics", false], ["plus", "analytics", true],
                ["free", "teamCollaboration", false], ["plus", "teamCollaboration", true],
                ["free", "apiKeys", false], ["plus", "apiKeys", true],
                ["free", "customTraining", false], ["plus", "customTraining", {"minEpochs": 1, "maxEpochs": 10}],
                ["free", "prioritySupport", false], ["plus", "prioritySupport", true]
            ]
        }'::jsonb
        when 'tiered' then '{
            "plans": [
                ["team", "Team", null, null, null, null, 5, null, null, null],
                ["advanced", "Advanced", null, null, null, null, null, null, null, null],
                ["enterprise", "Enterprise", null, null, null, null, null, null, null, null]
            ],
            "limits": [],
            "features": [
                ["team", "teamManagement", {"maxMembers": 5}], ["advanced", "teamManagement", true], ["enterprise", "teamManagement", true],
                ["team", "usageAnalytics", true], ["advanced", "usageAnalytics", true], ["enterprise", "usageAnalytics", true],
                ["team", "modelTraining", false], ["advanced", "modelTraining", true], ["enterprise", "modelTraining", true],
                ["team", "advancedAnalytics", false], ["advanced", "advancedAnalytics", true], ["enterprise", "advancedAnalytics", true],
                ["team", "customIntegrations", false], ["advanced", "customIntegrations", true], ["enterprise", "customIntegrations", true],
                ["team", "whiteLabel", false], ["advanced", "whiteLabel", false], ["enterprise", "whiteLabel", true],
                ["team", "advancedSecurity", false], ["advanced", "advancedSecurity", false], ["enterprise", "advancedSecurity", true],
                ["team", "customReporting", false], ["advanced", "customReporting", false], ["enterprise", "customReporting", true],
                ["team", "enterpriseSupport", false], ["advanced", "enterpriseSupport", false], ["enterprise", "enterpriseSupport", true]
            ]
        }'::jsonb
        when 'credits' then '{
            "plans": [
                ["free", "Free", 0, 0, 1000, 0, 1, 3, 2, 60],
                ["starter", "Starter", 2900, 29000, 10000, 5000, 3, 10, 10, 300],
                ["pro", "Pro", 9900, 99000, 50000, 25000, 10, 50, 50, 1000],
                ["enterprise", "Enterprise", 49900, null, 250000, null, null, null, null, 5000]
            ],
            "limits": [],
            "features": [
                ["free", "support", "community"], ["starter", "support", "email"], ["pro", "support", "priority"], ["enterprise", "support", "dedicated"],
                ["free", "analytics", "basic"], ["starter", "analytics", "advanced"], ["pro", "analytics", "reporting"], ["enterprise", "analytics", "custom"],
                ["free", "customDomains", false], ["starter", "customDomains", true], ["pro", "customDomains", true], ["enterprise", "customDomains", true],
                ["free", "whiteLabel", false], ["starter", "whiteLabel", false], ["pro", "whiteLabel", true], ["enterprise", "whiteLabel", true],
                ["free", "sso", false], ["starter", "sso", false], ["pro", "sso", true], ["enterprise", "sso", true],
                ["free", "advancedWebhooks", false], ["starter", "advancedWebhooks", false], ["pro", "advancedWebhooks", true], ["enterprise", "advancedWebhooks", true],
                ["enterprise", "sla", true], ["enterprise", "customIntegrations", true], ["enterprise", "onPremise", true], ["enterprise", "accountManager", true]
            ]
        }'::jsonb
        when 'quotas' then '{
            "plans": [
                ["trial", "Trial", 0, 0, null, null, 1, null, null, null],
                ["solo", "Solo", null, null, null, null, 1, null, null, null],
                ["teams", "Teams", null, null, null, null, null, null, null, null]
            ],
            "limits": [
                ["trial", "prompts", "month", 30, "hard"], ["solo", "prompts", "month", 10000, "soft"], ["teams", "prompts", "month", null, "soft"],
                ["trial", "e2e_runs", "month", null, "soft"], ["solo", "e2e_runs", "month", null, "soft"], ["teams", "e2e_runs", "month", null, "soft"],
                ["trial", "bytes_out", "month", null, "soft"], ["solo", "bytes_out", "month", null, "soft"], ["teams", "bytes_out", "month", null, "soft"],
                ["trial", "snapshots", "minute", 0, "hard"], ["solo", "snapshots", "minute", 1, "hard"], ["teams", "snapshots", "minute", 10, "hard"]
            ],
            "features": [
                ["trial", "gitExport", false], ["solo", "gitExport", true], ["teams", "gitExport", true],
                ["trial", "multiUser", false], ["solo", "multiUser", false], ["teams", "multiUser", true],
                ["trial", "sso", false], ["solo", "sso", false], ["teams", "sso", true],
                ["trial", "snapshots", false], ["solo", "snapshots", true], ["teams", "snapshots", true]
            ]
        }'::jsonb
    end;
    if preset is null then
        raise exception 'There is no preset %; choose demo, free_plus, tiered, credits or quotas.', quote_literal(install_preset.name)
            using errcode = 'ST400', column = 'preset';
    end if;
    -- A catalogue that somebody began is left alone.
    lock table steward.plans in share row exclusive mode;
    if exists (select from steward.plans) then
        return 0;
    end if;

    perform set_config('steward.action', 'install_preset', true);
    insert into steward.plans (code, name, rank, price_month_minor, price_year_minor, credits_per_month, rollover_cap, seats, projects, integrations, requests_per_minute)
    select p.row ->> 0, p.row ->> 1, p.place, (p.row ->> 2)::bigint, (p.row ->> 3)::bigint, (p.row ->> 4)::bigint, (p.row ->> 5)::bigint, (p.row ->> 6)::int, (p.row ->> 7)::int, (p.row ->> 8)::int, (p.row ->> 9)::int
    from jsonb_array_elements(preset -> 'plans') with ordinality as p (row, place);
    get diagnostics added = row_count;
    insert into steward.plan_limits (plan_code, metric, period, limit_value, kind)
    select l ->> 0, l ->> 1, l ->> 2, (l ->> 3)::bigint, l ->> 4 from jsonb_array_elements(preset -> 'limits') l;
    insert into steward.plan_features (plan_code, key, value)
    select f ->> 0, f ->> 1, f -> 2 from jsonb_array_elements(preset -> 'features') f;
    -- Users who came before the catalogue start on its first plan.
    update steward.users set plan_code = steward.default_plan() where plan_code is null;
    perform set_config('steward.action', '', true);
    return added;
end
$$;
comment on function steward.install_preset(text) is 'Fills an empty catalogue of plans; returns how many plans it added. demo, free_plus, tiered, credits, quotas.';
grant execute on function steward.install_preset(text) to steward_admin;
