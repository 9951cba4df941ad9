-- Views somebody keeps for a workspace: where an address leads, and what it says.

create table saved_views (
    workspace_id text not null references workspaces (id) on delete cascade,
    name text not null collate nocase check (length(name) between 1 and 80),
    path text not null,
    search text not null,
    primary key (workspace_id, name)
) strict, without rowid;
