-- One login role and one schema per service: a service owns its tables and may only read what it is granted.
-- Roles are cluster-wide, so they may be there already (another database of the same cluster).
do $$
declare
  name text;
begin
  foreach name in array array['glimmr_core', 'glimmr_media', 'glimmr_pipeline', 'glimmr_links', 'glimmr_auth'] loop
    if not exists (select from pg_roles where rolname = name) then
      begin
        execute format('create role %I login', name);
      exception when duplicate_object or unique_violation then
        null; -- another migration of the same cluster was quicker
      end;
    end if;
    -- Without superuser, giving a schema away asks for membership of the new owner.
    execute format('grant %I to current_user', name);
  end loop;
end $$;

revoke create on schema public from public;

do $$
begin
  execute format('revoke connect, temporary on database %I from public', current_database());
  execute format(
    'grant connect, temporary on database %I to glimmr_core, glimmr_media, glimmr_pipeline, glimmr_links, glimmr_auth',
    current_database());
end $$;

create schema core authorization glimmr_core;
create schema media authorization glimmr_media;
create schema prices authorization glimmr_pipeline;
create schema links authorization glimmr_links;
create schema auth authorization glimmr_auth;
create schema jobs authorization glimmr_pipeline;
-- Job tables belong to graphile-worker, which creates and upgrades them as the pipeline's role.
create schema graphile_worker authorization glimmr_pipeline;
