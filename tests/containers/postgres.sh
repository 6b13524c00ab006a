#!/bin/sh
# As the official image: create the cluster, user and database on first use, then serve.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  echo "$POSTGRES_PASSWORD" > /tmp/password
  initdb --pgdata "$PGDATA" --username "$POSTGRES_USER" --pwfile /tmp/password \
    --auth-local trust --auth-host scram-sha-256 --encoding UTF8 --locale C.UTF-8
  rm /tmp/password
  echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
  pg_ctl --pgdata "$PGDATA" --options "-c listen_addresses=" --wait start
  createdb --username "$POSTGRES_USER" "$POSTGRES_DB" || true
  pg_ctl --pgdata "$PGDATA" --wait stop
fi
exec postgres -c "listen_addresses=*"
