-- What somebody supposes about revenue: assumptions, never what came out of them. And what one unit of a currency is worth
-- in the workspace's base currency, as somebody states it.

create table scenarios (
    workspace_id text not null references workspaces (id) on delete cascade,
    name text not null collate nocase check (length(name) between 1 and 80),
    scenario text not null,
    primary key (workspace_id, name)
) strict, without rowid;

create table base_currencies (
    workspace_id text not null primary key references workspaces (id) on delete cascade,
    currency text not null check (length(currency) = 3)
) strict;

create table rates (
    workspace_id text not null references workspaces (id) on delete cascade,
    base text not null check (length(base) = 3),
    currency text not null check (length(currency) = 3 and currency <> base),
    rate text not null,
    date text not null,
    source text not null,
    primary key (workspace_id, base, currency)
) strict, without rowid;
