#!/usr/bin/env bash
# Build, start, use, damage and upgrade the containers, as people do. Takes some ten minutes.
#
# Needs docker with compose (or ENGINE=podman COMPOSE=podman-compose), chromium and the project's
# environment on the path. Where no registry is at hand, DEBIAN=yes makes the base images of Debian
# (needs mmdebstrap), and WHEELS=http://… names a page of wheels to build from instead of PyPI.
# TRAIN_PYTHON and TORCH replace the train image's base and torch.
set -euo pipefail
cd "$(dirname "$0")/.."
export ENGINE=${ENGINE:-docker}
read -ra compose <<<"${COMPOSE:-docker compose}"
export DIGITS_DATA_DIR=${DIGITS_DATA_DIR:-$PWD/data}
work=$(mktemp -d)
say() { printf '\n== %s (%s s)\n' "$1" "$SECONDS"; }
fail() { echo "FAILED: $1" >&2; exit 1; }

compose() { "${compose[@]}" --project-name digits-test --env-file "$work/env" --file compose.yaml "$@"; }
finish() {
  status=$?
  [ $status = 0 ] || compose logs --tail 40 || true
  compose --profile cluster --profile refine down --volumes --remove-orphans >/dev/null 2>&1 || true
  rm -rf "$work"
}

trap finish EXIT

build() {  # target, more arguments
  target=$1; shift
  "$ENGINE" build --quiet --target "$target" --tag "digits:$target" "${network[@]}" "$@" .
}
network=()
[ -z "${WHEELS:-}" ] || network=(--network host --build-arg PIP_NO_INDEX=1 --build-arg "PIP_FIND_LINKS=$WHEELS")
train=()
[ -z "${TRAIN_PYTHON:-}" ] || train+=(--build-arg "PYTHON=$TRAIN_PYTHON")
[ -z "${TORCH:-}" ] || train+=(--build-arg "TORCH=$TORCH" --build-arg "TORCH_INDEX=")

if [ -n "${DEBIAN:-}" ]; then
  say "base images, of Debian"
  for base in python:3.13-slim=python3.13,python3.13-venv postgres:17=postgresql-17 nginx:1.28=nginx-light; do
    name=${base%%:*}
    if ! "$ENGINE" image inspect "digits/debian-$name:trixie" >/dev/null 2>&1; then
      mmdebstrap --quiet --variant=minbase --include="ca-certificates,${base#*=}" trixie "$work/$name.tar"
      "$ENGINE" import "$work/$name.tar" "digits/debian-$name:trixie" >/dev/null
    fi
    "$ENGINE" build --quiet --target "$name" --tag "${base%%=*}" tests/containers
  done
fi

say "images"
build serve
build train "${train[@]}"
"$ENGINE" image inspect --format '{{.RepoTags}} {{.Size}} bytes, user {{.Config.User}}' digits:serve digits:train

say "nothing starts with an empty secret"
cp .env.example "$work/env"
! compose config >/dev/null 2>"$work/refusal" || fail "it started"
cat "$work/refusal"

say "up"
key=$("$ENGINE" run --rm digits:serve python -m digitlib.api key tests read submit export promote)
export KEY; KEY=$(sed -n 2p <<<"$key" | tr -d ' ')
export DIGITS_DASHBOARD_PASSWORD=correct-horse
export PAGE=http://localhost:8866 SERVICE=http://localhost:8000
cat > "$work/env" <<END
DIGITS_DATABASE_PASSWORD=it's a/secret@:#?
DIGITS_DASHBOARD_COOKIE_SECRET=$RANDOM$RANDOM$RANDOM
DIGITS_DASHBOARD_PASSWORD=$DIGITS_DASHBOARD_PASSWORD
DIGITS_API_KEYS=$(sed -n 4p <<<"$key" | tr -d ' ')
DIGITS_CERTIFICATES=$work/certificates
DIGITS_HTTP_PORT=127.0.0.1:18080
DIGITS_HTTPS_PORT=127.0.0.1:18443
END
mkdir "$work/certificates"
began=$SECONDS
compose up --detach
until curl -sf "$SERVICE/readyz" >/dev/null && curl -sf "$PAGE/login" >/dev/null; do
  [ $((SECONDS - began)) -lt 300 ] || fail "not ready after five minutes"
  sleep 1
done
echo "ready after $((SECONDS - began)) s"
curl -sf "$SERVICE/docs" | grep -q swagger || fail "no documentation"
curl -sf http://localhost:18080/service/readyz >/dev/null || fail "not both on one port"

rows() { compose exec -T db psql --username digits --dbname digits --tuples-only --no-align --command 'select count(*) from submissions'; }
expect_rows() { [ "$(rows)" = "$1" ] || fail "$(rows) submissions instead of $1"; }

say "submissions through service and page"
first=$(python tests/containers/visitors.py submit 130)
python tests/containers/visitors.py page
expect_rows 131
echo "131 rows; $first serves"

say "three servers, one killed"
compose up --detach --scale dashboard=3 --no-recreate
until [ "$("$ENGINE" ps --quiet --filter label=com.docker.compose.service=dashboard --filter health=healthy | wc -l)" = 3 ]; do sleep 1; done
sleep 5  # the proxy looks every two seconds
python tests/containers/visitors.py scaled
expect_rows 143

say "refined on a cluster of two workers, promoted, served by both"
compose --profile cluster up --detach --no-recreate --scale worker=2 --scale dashboard=3
began=$SECONDS
compose --profile refine run --rm -T --volume "$DIGITS_DATA_DIR:/original:ro" -e DIGITS_DATA_DIR=/original refine \
  nightly now -p epochs 1 -p replay 300 -p run_name refined -p scheduler tcp://scheduler:8786 >"$work/refine" 2>&1 \
  || { tail -40 "$work/refine"; fail "refining"; }
echo "refined in $((SECONDS - began)) s"
curl -sf -X POST -H "Authorization: Bearer $KEY" "$SERVICE/v1/models/refined/promote" >/dev/null || fail "promoting"
[ "$(python tests/containers/visitors.py submit 1)" = refined ] || fail "the service serves another model"
python tests/containers/visitors.py page
models=$(compose exec -T db psql --username digits --dbname digits -At --command 'select model from submissions order by submitted_at desc limit 1')
[ "$models" = refined ] || fail "the page serves $models"
expect_rows 145

say "upgraded, ended and started again"
build serve --build-arg VERSION=0.1.1
compose up --detach
expect_rows 145
compose --profile cluster down
compose up --detach
until curl -sf "$SERVICE/readyz" >/dev/null; do sleep 1; done
[ "$(python tests/containers/visitors.py submit 1)" = refined ] || fail "the model is lost"
expect_rows 146

say "with a certificate"
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -keyout "$work/certificates/privkey.pem" -out "$work/certificates/fullchain.pem" 2>/dev/null
chmod 644 "$work"/certificates/*
sleep 5
curl -skf https://localhost:18443/service/readyz >/dev/null || fail "no TLS"
to=$(curl -s -o /dev/null -w '%{http_code} %{redirect_url}' http://localhost:18080/)
[ "$to" = "308 https://localhost:18443/" ] || fail "redirected to $to"
say "all done"
