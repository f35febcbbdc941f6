-- Short links and their clicks. Written by services/links only.
set local role glimmr_links;

create table links.links (
  id bigint generated always as identity primary key,
  slug text not null unique check (slug ~ '^[A-Za-z0-9_-]{4,64}$'),
  organisation_id uuid not null,
  created_by text not null,
  kind text not null check (kind in ('price', 'file', 'url')),
  target text not null,                        -- where GET /l/{slug} sends the browser
  title text,
  created_at timestamptz not null default now(),
  expires_at timestamptz
);
create index links_organisation on links.links (organisation_id, id);

-- One row per link, day and visitor. A visitor is a hash with a salt that lives for one day in memory only: the same
-- visitor cannot be followed into the next day, and no address is stored.
create table links.link_clicks (
  link_id bigint not null references links.links,
  day date not null,
  visitor bytea not null,
  clicks bigint not null,
  primary key (link_id, day, visitor)
);

reset role;
