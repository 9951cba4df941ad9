set local role steward_owner;

create table steward.month_closes (
    month text not null,
    zone text not null,
    profile text not null,
    figures jsonb not null,
    closed_by text not null default session_user,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    revision bigint not null default 1,
    constraint month_closes_pkey primary key (month),
    constraint month_closes_month_shape check (month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
    constraint month_closes_figures_complete check (jsonb_typeof(figures -> 'currencies') = 'array' and jsonb_typeof(figures -> 'profile') = 'object')
);
comment on table steward.month_closes is 'Months whose revenue was reported: their numbers as they were, whatever history says later.';
comment on column steward.month_closes.zone is 'IANA zone of the month.';
comment on column steward.month_closes.profile is 'Name of the definition the numbers were made by; the definition itself is in figures.';
comment on column steward.month_closes.figures is 'Definition, zone, what each line means, and the month in every currency and for every plan, in minor units.';
comment on column steward.month_closes.created_at is 'When it was closed.';
create trigger touch before update on steward.month_closes for each row execute function steward.touch();

alter table steward.month_closes enable row level security;
create policy console_reads_all on steward.month_closes for select to steward_viewer using (true);
grant select on steward.month_closes to steward_viewer;
select steward.enable_audit('month_closes');
select steward.enable_capture('month_closes');

create function steward.close_month(intent uuid, month text, zone text, profile text, figures jsonb, reason text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    answer jsonb;
begin
    if not pg_has_role(session_user, 'steward_finance', 'member') then
        raise exception 'Closing a month takes a login of steward_finance or steward_admin.' using errcode = '42501';
    end if;
    answer := steward.claim_intent(close_month.intent, 'close_month', jsonb_build_object('month', month, 'zone', zone, 'profile', profile, 'figures', figures), reason);
    if answer is not null then
        return answer;
    end if;
    if month is null or month !~ '^[0-9]{4}-(0[1-9]|1[0-2])$' then
        raise exception 'A month is written 2026-10.' using errcode = 'ST400', column = 'month';
    elsif zone is null or not exists (select from pg_catalog.pg_timezone_names z where z.name = close_month.zone) then
        raise exception 'There is no time zone %.', quote_literal(coalesce(zone, '')) using errcode = 'ST400', column = 'zone';
    elsif coalesce(btrim(profile), '') = '' then
        raise exception 'A closed month names the definition of its numbers.' using errcode = 'ST400', column = 'profile';
    elsif jsonb_typeof(figures -> 'currencies') is distinct from 'array' or jsonb_typeof(figures -> 'profile') is distinct from 'object' then
        raise exception 'A closed month has figures in every currency, and their definition.' using errcode = 'ST400', column = 'figures';
    elsif ((month || '-01')::date + interval '1 month') at time zone zone > now() then
        raise exception '% is not over in %.', month, zone using errcode = 'ST400', column = 'month';
    end if;
    insert into steward.month_closes (month, zone, profile, figures)
    values (close_month.month, close_month.zone, close_month.profile, close_month.figures)
    on conflict on constraint month_closes_pkey do nothing;
    if not found then
        raise exception '% is closed already; reopen it first.', month using errcode = 'ST400', column = 'month';
    end if;
    return steward.finish_intent(close_month.intent, null);
end
$$;
comment on function steward.close_month(uuid, text, text, text, jsonb, text) is 'Writes the numbers of a month down as they were reported. The console computes them from its copy; a month that still runs is refused.';

create function steward.reopen_month(intent uuid, month text, reason text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    answer jsonb;
begin
    if not pg_has_role(session_user, 'steward_finance', 'member') then
        raise exception 'Reopening a month takes a login of steward_finance or steward_admin.' using errcode = '42501';
    end if;
    answer := steward.claim_intent(reopen_month.intent, 'reopen_month', jsonb_build_object('month', month), reason);
    if answer is not null then
        return answer;
    end if;
    if coalesce(btrim(reason), '') = '' then
        raise exception 'Reopening a month needs a reason.' using errcode = 'ST400', column = 'reason';
    end if;
    delete from steward.month_closes c where c.month = reopen_month.month;
    if not found then
        raise exception '% is not closed.', coalesce(month, 'The month') using errcode = 'ST404', column = 'month';
    end if;
    return steward.finish_intent(reopen_month.intent, null);
end
$$;
comment on function steward.reopen_month(uuid, text, text) is 'Reopens a month; what was frozen stays in the audit log.';

grant execute on function steward.close_month(uuid, text, text, text, jsonb, text), steward.reopen_month(uuid, text, text) to steward_finance;
