-- local.db: what must survive a dropped copy. No secret lies in it.

create table workspaces (
    id text not null primary key,
    name text not null collate nocase unique check (length(name) between 1 and 80),
    environment text not null,
    url text not null,
    ca_file text,
    is_read_only integer not null check (is_read_only in (0, 1)),
    role text,
    created_at text not null
) strict;

create table current_workspace (
    only integer not null primary key check (only = 1),
    workspace_id text not null references workspaces (id) on delete cascade
) strict;

create table settings (
    name text not null primary key,
    value text not null
) strict;
