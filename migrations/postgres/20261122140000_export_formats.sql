set local role steward_owner;

-- Reports are documents, and charts become pictures.
alter table steward.exports drop constraint exports_format_known;
alter table steward.exports add constraint exports_format_known
    check (format in ('csv', 'xlsx', 'jsonl', 'pdf', 'png', 'svg'));
