-- The same person may be a user of several organisations: a row of core.users is a membership, with its own roles, and
-- no organisation learns from a refusal that somebody is a user of another. Every row that there is stays as it is.
set local role glimmr_core;

alter table core.users
  drop constraint users_issuer_subject_key,
  add constraint users_membership_key unique (issuer, subject, organisation_id);

reset role;
