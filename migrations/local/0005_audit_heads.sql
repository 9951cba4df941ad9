-- Ends of the audit log's chain as this computer saw them. The copy follows the server; these do not, so that a
-- chain that was written anew or cut off is noticed.

create table audit_heads (
    workspace_id text not null references workspaces (id) on delete cascade,
    id integer not null,
    hash text not null,
    seen_at text not null,
    primary key (workspace_id, id, hash)
) strict, without rowid;
