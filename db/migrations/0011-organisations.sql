-- Users, classes of limits, suspended organisations, and a record of who changed what. Written by services/core only.
set local role glimmr_core;

alter table core.organisations add column suspended_at timestamptz;

-- A person or a program that signs in at an external issuer. Without a row here, the issuer's own claims decide.
create table core.users (
  id uuid primary key default gen_random_uuid(),
  organisation_id uuid not null references core.organisations,
  name text not null check (length(name) between 1 and 200),
  issuer text not null check (length(issuer) between 1 and 500),     -- `iss` of its tokens
  subject text not null check (length(subject) between 1 and 200),   -- `sub` of its tokens
  roles text[] not null
    check (cardinality(roles) > 0 and roles <@ array['admin', 'uploader', 'partner', 'viewer', 'operator']),
  created_by text not null,
  created_at timestamptz not null default now(),
  disabled_at timestamptz,
  unique (issuer, subject)
);
create index users_organisation on core.users (organisation_id, created_at, id);

alter table core.api_keys
  add column user_id uuid references core.users,                     -- whose it is: it ends with them
  add column limit_class text not null default 'standard' check (limit_class in ('standard', 'partner', 'bulk')),
  drop constraint api_keys_roles_check,
  add constraint api_keys_roles_check check (
    cardinality(roles) > 0 and roles <@ array['admin', 'uploader', 'partner', 'viewer', 'store', 'operator']);

create table core.audit_log (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  organisation_id uuid not null,               -- whose data was changed; no reference: the line outlives it
  actor text not null,                         -- subject of the key or user that did it
  action text not null,                        -- 'api_key.revoked'
  target text not null,                        -- id of what was changed
  detail jsonb not null default '{}',          -- never a secret
  request_id text
);
create index audit_log_organisation on core.audit_log (organisation_id, id);

create function core.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'lines of % are never changed', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger audit_log_append_only before update or delete or truncate on core.audit_log
  for each statement execute function core.refuse_change();

grant select on core.users to glimmr_auth;

reset role;
