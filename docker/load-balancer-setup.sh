#!/usr/bin/env bash
# Haven behind a load balancer, with Docker Compose: see usage below and docs/docker.md.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: load-balancer-setup.sh COMMAND

  setup               generate missing secrets (.env) and a self-signed certificate (ssl/); overwrites nothing
  start               start three fixed instances and all other services, and wait until they are healthy
  start-scaled [N]    start N instances (default 3, maximum 10), which the proxy finds by DNS
  stop                stop all services; keeps the data
  status              show the state of each instance, directly and through the proxy
  logs [SERVICE]...   follow the logs
  test                send a few requests through the proxy: health, hidden paths, sign-in, distribution
  roll [--no-build]   build, migrate, and replace the instances one by one, without a failed request
  backup [FILE]       dump the database into FILE (backups/haven-TIME.dump) and verify the dump
  restore FILE        replace all data of the database by the dump in FILE, or change nothing if the dump is damaged
  clean [--yes]       stop all services and delete the data; keeps secrets, certificate and backups
  help                show this help

PROXY=haproxy, in the environment or in .env, uses HAProxy instead of NGINX.
Exit code: 0 success, 1 failure, 64 wrong usage.
TEXT
}

# The folder of the script itself, also if it is called through a symbolic link.
here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
secrets=$here/../monitoring/secrets
targets=$here/../monitoring/targets
max_instances=10
# The time that the proxies need to detect an added or removed instance: NGINX resolves names again after 5 s (valid=5s)
# and retries a failed instance after 5 s (fail_timeout=5s); HAProxy needs two successful checks.
settle_seconds=6
# Longer than any successful start takes.
start_seconds=180
layout=lb
work=
new_container=

say() { printf '%s\n' "$@"; }
warn() { printf 'load-balancer-setup.sh: %s\n' "$*" >&2; }
die() { warn "$@"; exit 1; }
usage_error() { usage >&2; exit 64; }

clean_up() {
  [ -z "$work" ] || rm -rf -- "$work"
  [ -z "$new_container" ] || docker rm --force "$new_container" >/dev/null 2>&1 || true
}
trap clean_up EXIT

# ---- settings

# setting NAME DEFAULT: the value in the environment, else the one in .env, as in Compose.
setting() {
  local value=${!1-}
  if [ -z "$value" ] && [ -f "$here/.env" ]; then
    value=$(sed -n "s/^$1=//p" "$here/.env" | tail -n 1)
    value=${value#[\"\']}
    value=${value%[\"\']}
  fi
  printf '%s' "${value:-$2}"
}

choose_proxy() {
  proxy=$(setting PROXY nginx)
  http_port=$(setting HTTP_PORT 80)
  https_port=$(setting HTTPS_PORT 443)
  project=$(setting COMPOSE_PROJECT_NAME haven)
  case $proxy in
    nginx) ;;
    haproxy) export COMPOSE_PROFILES=haproxy NGINX_REPLICAS=0 HAPROXY_HTTP_PORT=$http_port HAPROXY_HTTPS_PORT=$https_port ;;
    *) die "PROXY must be nginx or haproxy, not '$proxy'" ;;
  esac
}

# The files of nginx/newer for the NGINX of the image: HTTP/2, and connections that are kept open. If .env names a file, that
# file is used instead.
choose_nginx_files() {
  [ "$proxy" = nginx ] || return 0
  local image copied
  image=$(sed -n 's/^ *image: \(nginx:[^ ]*\).*/\1/p' "$here/docker-compose.$layout.yml")
  copied=$(docker run --rm --network none --volume "$here/../nginx:/etc/haven:ro" --entrypoint sh "$image" /etc/haven/newer.sh) ||
    die "$image does not start"
  local command file replaced
  while read -r command file replaced; do
    [ "$command" = cp ] || continue
    case $replaced in
      haven/http2.conf) NGINX_HTTP2=$(setting NGINX_HTTP2 "$file") ;;
      haven/keepalive.conf) NGINX_KEEPALIVE=$(setting NGINX_KEEPALIVE "$file") ;;
    esac
  done <<<"$copied"
  export NGINX_HTTP2 NGINX_KEEPALIVE
}

need() {
  command -v "$1" >/dev/null || die "$1 is missing; $2"
}

need_docker() {
  need docker 'see https://docs.docker.com/engine/install/'
  local version
  version=$(docker compose version --short 2>/dev/null) ||
    die "docker has no 'compose': install its plugin (docker-compose-plugin); the old docker-compose is not enough"
  version=${version#v}
  local major=${version%%.*} minor=${version#*.}
  minor=${minor%%[!0-9]*}
  if [ "$major" -lt 2 ] || { [ "$major" -eq 2 ] && [ "$minor" -lt 24 ]; }; then
    die "docker compose is $version; 2.24 or newer is needed"
  fi
  docker info >/dev/null 2>&1 || die 'the Docker daemon does not answer: does it run, and are you allowed to use it?'
}

need_setup() {
  [ -f "$here/.env" ] || die "there are no secrets yet; run: $0 setup"
  local name
  for name in "${secret_names[@]}"; do
    [ -n "$(setting "$name" '')" ] || die "$name is missing in $here/.env; run: $0 setup"
  done
  for name in cert.pem key.pem; do
    [ -f "$here/ssl/$name" ] || die "there is no $name in $here/ssl; run: $0 setup"
  done
}

compose() { docker compose --file "$here/docker-compose.$layout.yml" "$@"; }

# containers SERVICE: the ids of the running containers, oldest first.
containers() {
  docker ps --quiet --no-trunc --filter "label=com.docker.compose.project=$project" \
    --filter "label=com.docker.compose.service=$1" --filter label=com.docker.compose.oneoff=False | sed '1!G;h;$!d'
}

instances() {
  local service
  for service in app api-server-1 api-server-2 api-server-3; do containers "$service"; done
}

# The layout of the existing containers; the layout of `start` if there are none.
find_layout() {
  choose_proxy
  layout=lb
  local found
  found=$(docker ps --all --quiet --filter "label=com.docker.compose.project=$project" --filter label=com.docker.compose.service=app)
  [ -z "$found" ] || layout=scale
}

need_running() {
  need_docker
  need_setup
  find_layout
  [ -n "$(instances)" ] || die "nothing runs; run: $0 start"
}

# ---- setup

secret_names=(POSTGRES_PASSWORD HAVEN_DB_PASSWORD HAVEN_APP_DB_PASSWORD REDIS_PASSWORD JWT_SECRET OPS_TOKEN GRAFANA_ADMIN_PASSWORD)

setup() {
  need openssl 'install it (apt-get install openssl)'
  choose_proxy
  umask 077
  make_secrets
  make_certificate
  derive_files
  command -v docker >/dev/null || warn "docker is missing, which 'start' will need: see https://docs.docker.com/engine/install/"
  say "Ready. Next: $0 start"
}

make_secrets() {
  local name generated=0
  if [ ! -f "$here/.env" ] && docker volume inspect "${project}_postgres-data" >/dev/null 2>&1; then
    die "there is a database (volume ${project}_postgres-data) and no .env: it keeps the passwords of its first start." \
      "Put the old .env back into $here, or delete the data: docker compose --project-name $project down --volumes"
  fi
  if [ ! -f "$here/.env" ]; then
    printf '# Secrets, generated by load-balancer-setup.sh, and settings of the Compose files. Keep a copy in a safe place:\n%s\n' \
      '# Postgres and Grafana keep the passwords of their first start.' >"$here/.env"
  fi
  chmod 600 "$here/.env"
  # The last line may lack a line break.
  [ -z "$(tail -c 1 "$here/.env")" ] || echo >>"$here/.env"
  for name in "${secret_names[@]}"; do
    grep -q "^$name=." "$here/.env" && continue
    # Hexadecimal, so that a URL or a shell needs no escaping.
    printf '%s=%s\n' "$name" "$(openssl rand -hex 32)" >>"$here/.env"
    generated=$((generated + 1))
  done
  say "Secrets: $here/.env ($generated generated, $((${#secret_names[@]} - generated)) existing)"
}

make_certificate() {
  mkdir -p "$here/ssl"
  chmod 700 "$here/ssl"
  if [ -e "$here/ssl/cert.pem" ] && [ -e "$here/ssl/key.pem" ]; then
    say "Certificate: $here/ssl/cert.pem (existing)"
    return
  fi
  if [ -e "$here/ssl/cert.pem" ] || [ -e "$here/ssl/key.pem" ]; then
    die "$here/ssl has only one of cert.pem and key.pem: add the other, or remove that one"
  fi
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 397 -subj /CN=localhost \
    -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1' \
    -keyout "$here/ssl/key.pem" -out "$here/ssl/cert.pem" 2>/dev/null || die 'openssl could not create a certificate'
  say "Certificate: $here/ssl/cert.pem (self-signed, for localhost; to use your own, replace cert.pem and key.pem)"
}

# Files derived from .env and ssl/, for programs that need their own file. Written in place, because a running container
# keeps the file that was mounted at its start.
derive_files() {
  umask 077
  mkdir -p "$secrets"
  # Prometheus and Alertmanager run as an unprivileged user, so the files are world-readable inside a private folder.
  chmod 700 "$secrets"
  local name
  for name in ops_token slack_webhook_url pagerduty_routing_key; do
    [ -e "$secrets/$name" ] || : >"$secrets/$name"
    chmod 644 "$secrets/$name"
  done
  setting OPS_TOKEN '' >"$secrets/ops_token"
  derive_own_secrets
  cat "$here/ssl/cert.pem" "$here/ssl/key.pem" >"$here/ssl/haven.pem"
  chmod 600 "$here/ssl/haven.pem" "$here/ssl/key.pem"
  for name in nginx haproxy; do
    if [ "$proxy" = "$name" ]; then
      (umask 022 && cat "$targets/$name.yml.example" >"$targets/$name.yml")
    elif cmp -s "$targets/$name.yml.example" "$targets/$name.yml"; then
      rm -f "$targets/$name.yml"
    fi
  done
}

# Writes the secrets of Haven, one file for each. They are world-readable in a private folder, because the user in the
# container varies.
derive_own_secrets() {
  local folder=$here/secrets
  mkdir -p "$folder/serve" "$folder/migrate"
  chmod 700 "$folder"
  chmod 755 "$folder/serve" "$folder/migrate"
  write_secret serve/database_url "postgres://haven_app:$(setting HAVEN_APP_DB_PASSWORD '')@postgres:5432/haven"
  write_secret serve/redis_password "$(setting REDIS_PASSWORD '')"
  write_secret serve/jwt_secret "$(setting JWT_SECRET '')"
  write_secret serve/jwt_secret_previous "$(setting JWT_SECRET_PREVIOUS '')"
  write_secret serve/ops_token "$(setting OPS_TOKEN '')"
  write_secret migrate/database_url "postgres://haven:$(setting HAVEN_DB_PASSWORD '')@postgres:5432/haven"
}

# write_secret NAME VALUE: replaced as a whole, so that a running instance never reads half of it.
write_secret() {
  (umask 022 && printf '%s' "$2" >"$here/secrets/$1.new")
  mv -f "$here/secrets/$1.new" "$here/secrets/$1"
}

# ---- start and stop

start() {
  need_docker
  need_setup
  choose_proxy
  derive_files
  local scale=()
  [ "$layout" = lb ] || scale=(--scale "app=$1")
  choose_nginx_files
  build
  # Both proxies use the same ports, so the other one has to be removed first.
  if [ "$proxy" = haproxy ]; then remove nginx-exporter && remove nginx; else remove haproxy; fi
  say 'Starting; the first start downloads the images.'
  compose up --detach --remove-orphans ${scale[@]+"${scale[@]}"} || explain_failure
  wait_healthy
  say '' "All healthy." ''
  access_points
}

build() {
  REVISION=$(git -C "$here" rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
  export REVISION
  compose build migrate
}

remove() {
  [ -z "$(containers "$1")" ] || COMPOSE_PROFILES=haproxy compose rm --stop --force "$1"
}

# Prints name|status|health|exit code for each container of the project.
states() {
  docker ps --all --quiet --filter "label=com.docker.compose.project=$project" | while read -r id; do
    docker inspect --format '{{.Name}}|{{.State.Status}}|{{if .State.Health}}{{.State.Health.Status}}{{else}}-{{end}}|{{.State.ExitCode}}' "$id" 2>/dev/null || true # removed in the meantime
  done | sed 's#^/##'
}

# The containers that are neither running and healthy nor successfully finished.
unhealthy_containers() {
  states | awk -F '|' '!($2 == "running" && ($3 == "healthy" || $3 == "-") || $2 == "exited" && $4 == 0) { print $1 }'
}

wait_healthy() {
  local until=$((SECONDS + start_seconds)) unhealthy
  while unhealthy=$(unhealthy_containers) && [ -n "$unhealthy" ]; do
    [ "$SECONDS" -lt "$until" ] || explain_failure
    sleep 1
  done
}

explain_failure() {
  local name
  warn 'these containers are not healthy:'
  for name in $(unhealthy_containers); do
    printf '\n%s\n' "--- $name" >&2
    docker logs --tail 15 "$name" >&2 2>&1 || true
  done
  compose ps --all >&2
  exit 1
}

access_points() {
  say "API         http://localhost:$http_port/api  https://localhost:$https_port/api" \
    "Health      http://localhost:$http_port/health" \
    "Prometheus  http://localhost:$(setting PROMETHEUS_PORT 9090)" \
    "Grafana     http://localhost:$(setting GRAFANA_PORT 3000)  (user admin, GRAFANA_ADMIN_PASSWORD in $here/.env)"
}

stop() {
  need_docker
  need_setup
  find_layout
  # With the profile, so that HAProxy is stopped too, whichever proxy is configured now.
  COMPOSE_PROFILES=haproxy compose down --remove-orphans
  say 'Stopped. The data was kept.'
}

clean() {
  local answer
  case ${1-} in
    '')
      [ -t 0 ] || { take_down; return; }
      read -r -p "This deletes the database, sessions, metrics and dashboards' data. Type 'delete' to continue: " answer
      [ "$answer" = delete ] || die 'nothing was deleted'
      ;;
    --yes) ;;
    *) usage_error ;;
  esac
  need_docker
  need_setup
  find_layout
  COMPOSE_PROFILES=haproxy compose down --remove-orphans --volumes
  say "Deleted. Kept: $here/.env, ssl/, backups/"
}

# Without a terminal there is no confirmation, so the data is kept.
take_down() {
  need_docker
  need_setup
  find_layout
  COMPOSE_PROFILES=haproxy compose down --remove-orphans
  say 'Stopped. The data is still there, because clean needs a terminal for its confirmation: clean --yes deletes it'
}

# ---- status and logs

# probe CONTAINER PATH: requests the path from the instance, and prints its answer as NAME PATH CODE STATUS.
probe() { docker exec "$1" node healthcheck.js "$2" 2>&1; }

status() {
  need curl 'install it (apt-get install curl)'
  need_running
  local id output failed=0 name
  say 'Each instance, requested directly:'
  for id in $(instances); do
    name=$(docker inspect --format '{{.Name}}' "$id")
    output=$(probe "$id" /ready) || failed=1
    printf '  %-24s %s\n' "${name#/}" "$output"
  done
  say '' "20 requests to /ready through $proxy:"
  local answers
  answers=$(for _ in {1..20}; do curl --silent --max-time 5 "http://127.0.0.1:$http_port/ready" | describe; done | sort | uniq -c)
  say "$answers" ''
  case $answers in *'no answer'*) failed=1 ;; esac
  compose ps --all
  return "$failed"
}

# Prints the instance and the status in the JSON of a probe.
describe() {
  local body
  body=$(cat)
  case $body in
    *'"instance":"'*) printf '%s %s\n' "$(field instance <<<"$body")" "$(field status <<<"$body")" ;;
    *) say 'no answer from an instance' ;;
  esac
}

# field NAME: the first string with that name in the JSON on standard input
field() { { grep -o "\"$1\":\"[^\"]*\"" || true; } | head -n 1 | cut -d '"' -f 4; }

logs() {
  need_docker
  need_setup
  find_layout
  compose logs --follow --tail 100 "$@"
}

# ---- test

failed_tests=0
pass() { printf 'ok      %s\n' "$*"; }
fail() { printf 'FAILED  %s\n' "$*"; failed_tests=$((failed_tests + 1)); }

# ask CODE WHAT CURL-ARGUMENT...: writes the body to $work/body. The certificate may be self-signed.
ask() {
  local expected=$1 what=$2 code
  shift 2
  code=$(curl --insecure --silent --max-time 10 --output "$work/body" --write-out '%{http_code}' "$@") || true
  if [ "$code" = "$expected" ]; then pass "$what ($code)"; else fail "$what: $code instead of $expected: $(head -c 300 "$work/body" 2>/dev/null)"; fi
}

run_test() {
  need curl 'install it (apt-get install curl)'
  need openssl 'install it (apt-get install openssl)'
  need_running
  umask 077
  work=$(mktemp -d)
  local at=https://127.0.0.1:$https_port path
  ask 200 'health, without TLS' "http://127.0.0.1:$http_port/health"
  ask 200 'health, with TLS' "$at/health"
  ask 200 'the index of the API' "$at/api"
  for path in /metrics /health/detailed /api/v1/circuit-breakers /api/v1/instances; do
    ask 404 "hidden: $path" "$at$path"
  done
  test_signing_in "$at/api/v1/auth"
  test_spread "http://127.0.0.1:$http_port/alive"
  test_metrics
  [ "$failed_tests" -eq 0 ] || die "$failed_tests failed"
  say 'All tests passed.'
}

test_signing_in() {
  local at=$1 email password
  email=probe-$(openssl rand -hex 8)@example.invalid
  password=$(openssl rand -hex 16)
  printf '{"email":"%s","password":"%s","name":"load-balancer-setup.sh"}' "$email" "$password" >"$work/register"
  printf '{"email":"%s","password":"%s"}' "$email" "$password" >"$work/login"
  local send=(--header 'Content-Type: application/json')
  ask 201 'register' "${send[@]}" --data "@$work/register" "$at/register"
  ask 200 'login' "${send[@]}" --data "@$work/login" "$at/login"
  printf 'Authorization: Bearer %s\n' "$(field accessToken <"$work/body")" >"$work/header"
  ask 200 'who am I' --header "@$work/header" "$at/me"
  ask 401 'who am I, without a token' "$at/me"
  ask 204 'logout' --header "@$work/header" --request POST "$at/logout"
  ask 401 'who am I, after the logout' --header "@$work/header" "$at/me"
  compose exec -T postgres psql --quiet --username postgres --dbname haven \
    --command "DELETE FROM users WHERE email = '$email'" || fail 'remove the test account'
}

test_spread() {
  local count running answering
  running=$(instances | grep -c .)
  count=$(for _ in $(seq $((running * 10))); do curl --silent --max-time 5 "$1" | field instance; done | sort | uniq -c)
  answering=$(grep -c . <<<"$count")
  if [ "$answering" -eq "$running" ]; then pass "$running instances answer:"; else fail "$answering of $running instances answer:"; fi
  say "$count"
}

test_metrics() {
  # A query also returns series from before a restart, for 5 min.
  local query='sum(up{job="haven-api"} and timestamp(up{job="haven-api"}) > time() - 20)'
  local running scraped until=$((SECONDS + 60))
  running=$(instances | grep -c .)
  while :; do
    scraped=$(curl --silent --max-time 5 --get "http://127.0.0.1:$(setting PROMETHEUS_PORT 9090)/api/v1/query" \
      --data-urlencode "query=$query" | sed -n 's/.*"value":\[[^,]*,"\([0-9]*\)"\].*/\1/p')
    [ "$scraped" != "$running" ] || { pass "Prometheus reads $running instances"; return; }
    [ "$SECONDS" -lt "$until" ] || { fail "Prometheus reads ${scraped:-no} instances of $running"; return; }
    sleep 2
  done
}

# ---- roll

roll() {
  case ${1-} in '' | --no-build) ;; *) usage_error ;; esac
  need_running
  local id
  for id in $(instances); do
    probe "$id" /ready >/dev/null || die "$(probe "$id" /ready): with an instance that is not ready, a roll could leave no ready instance"
  done
  derive_own_secrets
  [ "${1-}" = --no-build ] || build
  say 'Migrating; the instances keep serving.'
  compose run --rm --no-deps -T migrate || die 'the migration failed; every instance is unchanged'
  replace_all
  say 'Done: every instance was replaced.'
}

# Replaces one instance after the other. A new instance starts outside the network of the proxy, so it gets no requests
# before it is ready. If it does not become ready, the old instance is still in place.
replace_all() {
  local id service
  for id in $(instances); do
    service=$(docker inspect --format '{{index .Config.Labels "com.docker.compose.service"}}' "$id")
    replace "$service" "$id"
  done
}

# replace SERVICE OLD
replace() {
  local service=$1 old=$2 new count front address output
  count=$(containers "$service" | grep -c .)
  say "$service ($(docker inspect --format '{{.Name}}' "$old" | cut -c 2-)): starting a new instance"
  # Without --no-deps, because with it Compose always treats the container as outdated.
  output=$(compose up --no-start --no-recreate --scale "$service=$((count + 1))" "$service" 2>&1) || die "$output"
  new=$(docker ps --all --quiet --no-trunc --filter "label=com.docker.compose.project=$project" \
    --filter "label=com.docker.compose.service=$service" --filter status=created | head -n 1)
  [ -n "$new" ] || die "Compose made no second $service: $output"
  # If the script ends before the new instance serves, clean_up removes it.
  new_container=$new
  front=$(docker network ls --quiet --filter "label=com.docker.compose.project=$project" --filter label=com.docker.compose.network=front)
  docker network disconnect "$front" "$new"
  docker start "$new" >/dev/null
  if ! wait_ready "$new"; then
    docker logs --tail 15 "$new" >&2 2>&1 || true
    die "the new $service did not become ready and was removed; this instance and the following ones are unchanged"
  fi
  sleep "$settle_seconds"
  new_container=
  if [ "$layout" = scale ]; then
    # The new instance is added before the old one stops.
    docker network connect --alias api-server --alias "$service" "$front" "$new"
    sleep "$settle_seconds"
    retire "$old"
  else
    # The new instance gets the address of the old one.
    address=$(docker inspect --format "{{range .NetworkSettings.Networks}}{{if eq .NetworkID \"$(network_id "$front")\"}}{{.IPAddress}}{{end}}{{end}}" "$old")
    retire "$old"
    docker network connect --ip "$address" --alias "$service" "$front" "$new"
  fi
  docker rm "$old" >/dev/null
  sleep "$settle_seconds"
}

network_id() { docker network inspect --format '{{.Id}}' "$1"; }

# Stops a container as Compose would: SIGTERM, and SIGKILL after its stop_grace_period.
retire() {
  say '  draining the old instance'
  docker stop "$1" >/dev/null
  local code
  code=$(docker inspect --format '{{.State.ExitCode}}' "$1")
  [ "$code" -eq 0 ] || warn "the old instance exited with $code: requests that took too long were aborted"
}

# wait_ready ID
wait_ready() {
  local until=$((SECONDS + start_seconds)) output
  until output=$(probe "$1" /ready); do
    [ "$SECONDS" -lt "$until" ] || { warn "$output"; return 1; }
    [ "$(docker inspect --format '{{.State.Status}}' "$1")" = running ] || { warn 'the new instance has exited'; return 1; }
    sleep 1
  done
  say "  $output"
}

# ---- backup

backup() {
  case ${1-} in -*) usage_error ;; esac
  need_docker
  need_setup
  find_layout
  [ -n "$(containers postgres)" ] || die "Postgres does not run; run: $0 start"
  umask 077
  local file=${1:-$here/backups/haven-$(date -u +%Y%m%dT%H%M%SZ).dump} tables
  [ ! -e "$file" ] || die "$file already exists"
  mkdir -p -- "$(dirname -- "$file")"
  work=$(mktemp -d -- "$(dirname -- "$file")/.part.XXXXXX")
  compose exec -T postgres pg_dump --username postgres --dbname haven --format custom >"$work/dump" || die 'pg_dump failed'
  # Reads the whole dump; --list would read only its beginning.
  compose exec -T postgres pg_restore --file /dev/null <"$work/dump" || die 'the dump cannot be read back, and was not kept'
  tables=$(compose exec -T postgres pg_restore --list <"$work/dump" | grep -c ' TABLE DATA ') ||
    die 'there is no table in the dump, and it was not kept'
  mv -- "$work/dump" "$file"
  say "$file: $(wc -c <"$file") bytes, $tables tables"
}

# ---- restore

restore() {
  need_docker
  need_setup
  find_layout
  [ -n "$(containers postgres)" ] || die "Postgres does not run; run: $0 start"
  [ -r "$1" ] || die "$1 does not exist or cannot be read"
  # One transaction, which is not committed after a damaged dump. The tables of the job queue are dropped as a whole,
  # because pg_restore cannot drop the constraints of a partition.
  {
    echo 'BEGIN; DROP SCHEMA IF EXISTS haven_jobs CASCADE;'
    compose exec -T postgres pg_restore --clean --if-exists --file - <"$1" && echo 'COMMIT;'
  } | compose exec -T postgres psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --username postgres --dbname haven >/dev/null ||
    die 'the restore failed, and changed nothing'
  say "Restored from $1"
}

# ----

command=${1-}
[ $# -eq 0 ] || shift
case $command in
  setup | start | stop | status | test) [ $# -eq 0 ] || usage_error ;;
  start-scaled | roll | backup | clean) [ $# -le 1 ] || usage_error ;;
  restore) [ $# -eq 1 ] || usage_error ;;
esac
case $command in
  setup) setup ;;
  start) start ;;
  start-scaled)
    count=${1:-3}
    [[ $count =~ ^[0-9]{1,3}$ ]] || usage_error
    if [ "$count" -lt 1 ] || [ "$count" -gt "$max_instances" ]; then
      die "1 to $max_instances instances: Postgres has no connections for more (max_connections in docker-compose.scale.yml)"
    fi
    layout=scale
    start "$count"
    ;;
  stop) stop ;;
  status) status ;;
  logs) logs "$@" ;;
  test) run_test ;;
  roll) roll "$@" ;;
  backup) backup "$@" ;;
  restore) restore "$@" ;;
  clean) clean "$@" ;;
  help | -h | --help) usage ;;
  *) usage_error ;;
esac
