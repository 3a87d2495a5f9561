#!/bin/sh
# Run by the image of Postgres, once, when its volume is new: Haven's own user, which owns its database and nothing else.
set -eu

psql --username postgres --dbname postgres --set ON_ERROR_STOP=1 <<'SQL'
\getenv password HAVEN_DB_PASSWORD
CREATE ROLE haven LOGIN PASSWORD :'password';
CREATE DATABASE haven OWNER haven;
SQL
