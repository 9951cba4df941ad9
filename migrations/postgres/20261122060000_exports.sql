set local role steward_owner;

create table steward.exports (
    id uuid not null,
    login text not null default session_user,
    exported_at timestamptz not null,
    name text not null,
    format text not null,
    rows bigint not null,
    filter jsonb not null default '[]',
    as_of timestamptz,
    sha256 text not null,
    created_at timestamptz not null default now(),
    constraint exports_pkey primary key (id),
    constraint exports_rows_not_negative check (rows >= 0),
    constraint exports_format_known check (format in ('csv', 'xlsx', 'jsonl')),
    constraint exports_sha256_is_one check (sha256 ~ '^[0-9a-f]{64}$')
);
comment on table steward.exports is 'Files that people made of what they may read: who, what, how many rows.';
comment on column steward.exports.exported_at is 'When the file was written, by the clock of the computer it was written on; created_at is when the server was told, which is later for an export made without a connection.';
comment on column steward.exports.filter is 'What the rows were narrowed by, in words; an empty list is everything.';
comment on column steward.exports.as_of is 'The server''s time of the data.';
comment on column steward.exports.sha256 is 'Of the file, in hex: a file that turns up somewhere can be told from it.';
alter table steward.exports enable row level security;
create policy console_reads_all on steward.exports for select to steward_viewer using (true);
grant select on steward.exports to steward_viewer;
select steward.enable_audit('exports');

create function steward.log_export(intent uuid, export jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    answer jsonb;
begin
    if not pg_has_role(session_user, 'steward_viewer', 'member') then
        raise exception 'Exports are logged by the logins of the console.' using errcode = '42501';
    end if;
    answer := steward.claim_intent(log_export.intent, 'export', coalesce(export, '{}'), '');
    if answer is not null then
        return answer;
    end if;
    if coalesce(export ->> 'name', '') = '' or length(export ->> 'name') > 200 then
        raise exception 'An export has a name.' using errcode = 'ST400', column = 'name';
    elsif coalesce(jsonb_typeof(export -> 'filter'), 'array') <> 'array' or length(export ->> 'filter') > 10000 then
        raise exception 'A filter is a list of sentences.' using errcode = 'ST400', column = 'filter';
    end if;
    insert into steward.exports (id, exported_at, name, format, rows, filter, as_of, sha256)
    values (
        log_export.intent, (export ->> 'exported_at')::timestamptz, export ->> 'name', export ->> 'format',
        (export ->> 'rows')::bigint, coalesce(export -> 'filter', '[]'), (export ->> 'as_of')::timestamptz, export ->> 'sha256'
    );
    return steward.finish_intent(log_export.intent, null);
end
$$;
comment on function steward.log_export(uuid, jsonb) is 'Tells that a file was made: {name, format, rows, filter, exported_at, as_of, sha256}. The same id twice is one export.';
grant execute on function steward.log_export(uuid, jsonb) to steward_viewer;
