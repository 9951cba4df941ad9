-- Exports of this computer: what runs, in whichever process; what was made; what the server has still to be told.

create table exports (
    id text not null primary key,
    workspace_id text not null references workspaces (id) on delete cascade,
    started_at text not null,
    job text not null,
    -- The process that writes it comes by every second; one that stopped coming has died.
    seen_at text not null,
    is_cancelled integer not null default 0 check (is_cancelled in (0, 1)),
    -- What the audit log is told; null until the file is there, and again once the server knows.
    untold text
) strict;

create index exports_by_workspace on exports (workspace_id, started_at);
