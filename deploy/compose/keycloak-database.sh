#!/bin/sh
# Run once by the image when the data folder is empty.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$KEYCLOAK_DATABASE_PASSWORD" -U "$POSTGRES_USER" -d "$POSTGRES_DB" <<'SQL'
CREATE ROLE keycloak LOGIN PASSWORD :'password';
CREATE DATABASE keycloak OWNER keycloak;
REVOKE CONNECT ON DATABASE hub FROM PUBLIC;
SQL
