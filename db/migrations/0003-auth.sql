-- What the ForwardAuth endpoint writes: when a key was last used. Written by gateway/auth only, in batches.
set local role glimmr_auth;

create table auth.key_uses (
  api_key_id uuid primary key,
  last_used_at timestamptz not null,
  uses bigint not null default 0
);

grant usage on schema auth to glimmr_core;
grant select on auth.key_uses to glimmr_core;

reset role;
