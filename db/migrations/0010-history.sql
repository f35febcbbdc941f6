-- What was published when, and where in the stored object a file's bytes are.
set local role glimmr_pipeline;

alter table prices.files
  add column member jsonb,                     -- of a zip: {name, start, bytes, method} of the compressed bytes in the object
  add column content_hash text,                -- of all its prices, whatever their order; null until it was needed
  add column same_prices_as int;               -- the earlier file of the hospital with the same content_hash

-- One row for each time a file became its hospital's current one: a file whose bytes are sent again after another took its
-- place is published twice. Rows of a file never change, so a publication names all prices that were current in its time.
create table prices.publications (
  id bigint generated always as identity primary key,
  hospital_id uuid not null,
  organisation_id uuid not null,
  file_id int not null references prices.files,
  upload_id uuid,                              -- whose load did it
  published_at timestamptz not null,
  superseded_at timestamptz                    -- null: current
);
create unique index publications_current on prices.publications (hospital_id) where superseded_at is null;
create index publications_hospital on prices.publications (hospital_id, published_at);
create index publications_file on prices.publications (file_id);
create index publications_time on prices.publications (published_at, superseded_at);

insert into prices.publications (hospital_id, organisation_id, file_id, upload_id, published_at, superseded_at)
select f.hospital_id, f.organisation_id, f.id, f.upload_id, f.published_at,
  case when f.status = 'superseded' then coalesce(f.superseded_at, f.published_at) end
from prices.files f where f.status in ('published', 'superseded') and f.hospital_id is not null and f.published_at is not null
order by f.published_at, f.id;

-- By a trigger, so that no way of publishing a file can forget it. A few rows a file; the big tables have none.
create function prices.note_publication() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'UPDATE' and old.status = 'published' and new.status <> 'published' then
    update prices.publications p set superseded_at = greatest(coalesce(new.superseded_at, now()), p.published_at)
    where p.file_id = new.id and p.superseded_at is null;
  end if;
  if new.status = 'published' and (tg_op = 'INSERT' or old.status <> 'published') then
    insert into prices.publications (hospital_id, organisation_id, file_id, upload_id, published_at)
    values (new.hospital_id, new.organisation_id, new.id, new.upload_id, new.published_at);
  end if;
  return null;
end $$;
create trigger note_publication after insert or update of status on prices.files
  for each row execute function prices.note_publication();

grant select on prices.publications to glimmr_core, glimmr_links, glimmr_media;

reset role;

-- Core shows the very bytes of a row: it must know that the object is still the one that was loaded.
set local role glimmr_media;
grant select (id, etag) on media.uploads to glimmr_core;
reset role;
