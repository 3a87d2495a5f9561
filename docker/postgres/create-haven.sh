#!/bin/sh
# The Postgres image runs this script when its volume is new; it is safe to run again. It creates two roles:
# `haven` owns the database and migrates it; `haven_app` serves requests and gets its rights from
# `migrate --grant-to haven_app`.
set -eu

psql --username postgres --dbname postgres --set ON_ERROR_STOP=1 <<'SQL'
\getenv password HAVEN_DB_PASSWORD
\getenv app_password HAVEN_APP_DB_PASSWORD
SELECT format('CREATE ROLE haven LOGIN PASSWORD %L', :'password')
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'haven') \gexec
SELECT format('CREATE ROLE haven_app LOGIN PASSWORD %L', :'app_password')
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'haven_app') \gexec
SELECT 'CREATE DATABASE haven OWNER haven'
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'haven') \gexec
-- Otherwise every role could create temporary tables.
REVOKE TEMPORARY ON DATABASE haven FROM PUBLIC;
SQL
