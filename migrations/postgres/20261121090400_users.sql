set local role steward_owner;

create table steward.users (
    id uuid not null default gen_random_uuid(),
    email text not null,
    name text,
    status text not null default 'active',
    role text not null default 'user',
    plan_code text,
    country text,
    timezone text,
    stripe_customer_id text,
    trial_end timestamptz,
    last_seen_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    revision bigint not null default 1,
    constraint users_pkey primary key (id),
    constraint users_status_known check (status in ('active', 'suspended', 'erased')),
    constraint users_role_known check (role in ('user', 'admin')),
    constraint users_plan_exists foreign key (plan_code) references steward.plans (code) on update cascade
);
create unique index users_email_unique on steward.users (lower(email)) where status <> 'erased' and email <> '';
create unique index users_stripe_customer_unique on steward.users (stripe_customer_id) where stripe_customer_id is not null;
create index users_by_plan on steward.users (plan_code);
comment on table steward.users is 'The people who use the company''s product.';
comment on column steward.users.email is 'Empty for a user who signed up without one.';
comment on column steward.users.status is 'active, suspended (may not use the product), erased (personal data removed, history kept).';
comment on column steward.users.role is 'admin passes every limit of the product; it is not an operator of the console.';
comment on column steward.users.plan_code is 'The plan the product enforces now; null before there is a catalogue.';
comment on column steward.users.country is 'ISO 3166 code, two letters.';
comment on column steward.users.timezone is 'IANA name.';
comment on column steward.users.last_seen_at is 'Kept by the platform, at most once a minute.';
create trigger touch before update on steward.users for each row execute function steward.touch();

select steward.enable_audit('users', all_inserts => false);
select steward.enable_capture('users');

create table steward.teams (
    id uuid not null default gen_random_uuid(),
    name text not null,
    settings jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    revision bigint not null default 1,
    constraint teams_pkey primary key (id),
    constraint teams_name_present check (btrim(name) <> ''),
    constraint teams_settings_object check (jsonb_typeof(settings) = 'object')
);
comment on table steward.teams is 'Teams of users.';
comment on column steward.teams.settings is 'maxMembers (number) and allowedFeatures (list of feature keys), both optional.';
create trigger touch before update on steward.teams for each row execute function steward.touch();

create table steward.team_members (
    team_id uuid not null,
    user_id uuid not null,
    role text not null default 'member',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    revision bigint not null default 1,
    constraint team_members_pkey primary key (team_id, user_id),
    constraint team_members_team_exists foreign key (team_id) references steward.teams (id) on delete cascade,
    constraint team_members_user_exists foreign key (user_id) references steward.users (id) on delete cascade,
    constraint team_members_role_known check (role in ('owner', 'admin', 'member'))
);
create unique index team_members_one_owner on steward.team_members (team_id) where role = 'owner';
create index team_members_by_user on steward.team_members (user_id);
comment on table steward.team_members is 'Who is in which team.';
create trigger touch before update on steward.team_members for each row execute function steward.touch();

alter table steward.plans add constraint plans_team_exists foreign key (custom_for_team) references steward.teams (id);

select steward.enable_audit('teams', all_inserts => false), steward.enable_audit('team_members', all_inserts => false);
select steward.enable_capture('teams'), steward.enable_capture('team_members');
