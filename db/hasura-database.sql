-- Hasura keeps its own state in a database of its own, by a role that owns nothing else: the database of prices it knows as
-- links alone. The postgres image runs this with psql, once, while it sets an empty volume up; without the password it fails.
\getenv password HASURA_DATABASE_PASSWORD
create role hasura login password :'password';
create database hasura owner hasura;
revoke connect, temporary on database hasura from public;
