-- Months that are closed on this computer and not sent yet. What was reported is a company's money: it is sealed with the
-- key of the workspace's copy, and only the month's name is readable here.

create table kept_closes (
    workspace_id text not null references workspaces (id) on delete cascade,
    month text not null,
    sealed blob not null,
    primary key (workspace_id, month)
) strict, without rowid;
