-- Uploads: one row per presigned URL. Written by services/media only.
set local role glimmr_media;

create table media.uploads (
  id uuid primary key default gen_random_uuid(),
  organisation_id uuid not null,
  created_by text not null,                    -- subject of the token that asked for the URL
  hospital_id uuid,                            -- chosen by the uploader; null: joined from what the file says
  filename text not null,
  content_type text not null,
  size_bytes bigint not null check (size_bytes > 0),
  sha256 text check (sha256 ~ '^[0-9a-f]{64}$'),  -- promised by the client and enforced by the store
  object_key text not null unique,
  multipart_id text,                           -- the store's id of a multipart upload
  status text not null default 'waiting' check (status in ('waiting', 'stored', 'expired')),
  etag text,
  stored_by text check (stored_by in ('complete', 'event', 'sweep')),
  traceparent text,                            -- W3C trace context of the presign call; event and job go on from it
  idempotency_key text,
  idempotency_hash text,                       -- of the request body: the same key with another body is refused
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  stored_at timestamptz
);
create index uploads_organisation on media.uploads (organisation_id, created_at desc, id desc);
create index uploads_waiting on media.uploads (created_at) where status = 'waiting';
create unique index uploads_idempotency on media.uploads (organisation_id, created_by, idempotency_key)
  where idempotency_key is not null;

grant usage on schema media to glimmr_pipeline, glimmr_core;
grant select on media.uploads to glimmr_pipeline;

reset role;
