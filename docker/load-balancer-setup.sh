#!/usr/bin/env bash
# Haven behind a load balancer, with Docker Compose: see usage below and docs/docker.md.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: load-balancer-setup.sh COMMAND

  setup               make what is missing: secrets (.env) and a self-signed certificate (ssl/); overwrites nothing
  start               three fixed instances and everything around them, until all of it is healthy
  start-scaled [N]    N instances (3 unless said, 10 at most), which the proxy follows by DNS
  stop                take it all down; the data stays
  status              what each instance says of itself, directly and through the proxy
  logs [SERVICE]...   follow the logs
  test                a few requests through the proxy: health, what is hidden, signing in, the spread
  roll [--no-build]   build, migrate, and replace the instances one by one, with no failed request
  backup [FILE]       dump the database into FILE (backups/haven-TIME.dump) and read it back
  clean [--yes]       take it all down and delete the data; secrets, certificate and backups stay
  help                this

PROXY=haproxy, in the environment or in .env, uses HAProxy instead of NGINX.
Exit code: 0 done, 1 not done, 64 usage.
TEXT
}

# Of the file itself, where this is a link to it.
here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
secrets=$here/../monitoring/secrets
targets=$here/../monitoring/targets
most_instances=10
# After an instance came or went: until NGINX asks DNS again (valid=5s) or tries an instance again (fail_timeout=5s), and
# HAProxy has seen two checks pass.
settle_seconds=6
# Longer than any start takes that ends well.
start_seconds=180
layout=lb
work=
newcomer=

say() { printf '%s\n' "$@"; }
warn() { printf 'load-balancer-setup.sh: %s\n' "$*" >&2; }
die() { warn "$@"; exit 1; }
misused() { usage >&2; exit 64; }

clean_up() {
  [ -z "$work" ] || rm -rf -- "$work"
  [ -z "$newcomer" ] || docker rm --force "$newcomer" >/dev/null 2>&1 || true
}
trap clean_up EXIT

# ---- settings

# setting NAME DEFAULT: the environment's, else that of .env, as with Compose itself.
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
    *) die "PROXY is nginx or haproxy, and not '$proxy'" ;;
  esac
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

# containers SERVICE: the ids of those that run, oldest first.
containers() {
  docker ps --quiet --no-trunc --filter "label=com.docker.compose.project=$project" \
    --filter "label=com.docker.compose.service=$1" --filter label=com.docker.compose.oneoff=False | sed '1!G;h;$!d'
}

instances() {
  local service
  for service in app api-server-1 api-server-2 api-server-3; do containers "$service"; done
}

# The layout that is there; that of `start` where none is.
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
  local name made=0
  if [ ! -f "$here/.env" ] && docker volume inspect "${project}_postgres-data" >/dev/null 2>&1; then
    die "there is a database (volume ${project}_postgres-data) and no .env: it keeps the passwords that it was made with." \
      "Put the old .env back into $here, or delete the data: docker compose --project-name $project down --volumes"
  fi
  if [ ! -f "$here/.env" ]; then
    printf '# Secrets, made by load-balancer-setup.sh, and settings of the Compose files. Keep a copy in a safe place:\n%s\n' \
      '# Postgres and Grafana keep the passwords that they were started with first.' >"$here/.env"
  fi
  chmod 600 "$here/.env"
  # Whoever wrote its last line may have left that open.
  [ -z "$(tail -c 1 "$here/.env")" ] || echo >>"$here/.env"
  for name in "${secret_names[@]}"; do
    grep -q "^$name=." "$here/.env" && continue
    # Hexadecimal: nothing in it has to be escaped in a URL or a shell.
    printf '%s=%s\n' "$name" "$(openssl rand -hex 32)" >>"$here/.env"
    made=$((made + 1))
  done
  say "Secrets: $here/.env ($made made, $((${#secret_names[@]} - made)) there already)"
}

make_certificate() {
  mkdir -p "$here/ssl"
  chmod 700 "$here/ssl"
  if [ -e "$here/ssl/cert.pem" ] && [ -e "$here/ssl/key.pem" ]; then
    say "Certificate: $here/ssl/cert.pem (there already)"
    return
  fi
  if [ -e "$here/ssl/cert.pem" ] || [ -e "$here/ssl/key.pem" ]; then
    die "$here/ssl has only one of cert.pem and key.pem: add the other, or remove that one"
  fi
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 397 -subj /CN=localhost \
    -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1' \
    -keyout "$here/ssl/key.pem" -out "$here/ssl/cert.pem" 2>/dev/null || die 'openssl could not make a certificate'
  say "Certificate: $here/ssl/cert.pem (self-signed, for localhost; put your own there, and its key into key.pem)"
}

# What follows from the files above, for programs that read files of their own. Written in place: a container goes on
# seeing the file that it was started with.
derive_files() {
  umask 077
  mkdir -p "$secrets"
  # Prometheus and Alertmanager are nobody in their containers, so the files can be read by all and the folder by none.
  chmod 700 "$secrets"
  local name
  for name in ops_token slack_webhook_url pagerduty_routing_key; do
    [ -e "$secrets/$name" ] || : >"$secrets/$name"
    chmod 644 "$secrets/$name"
  done
  setting OPS_TOKEN '' >"$secrets/ops_token"
  cat "$here/ssl/cert.pem" "$here/ssl/key.pem" >"$here/ssl/haven.pem"
  chmod 600 "$here/ssl/haven.pem" "$here/ssl/key.pem"
  if [ "$proxy" = haproxy ]; then
    (umask 022 && cat "$targets/haproxy.yml.example" >"$targets/haproxy.yml")
  elif cmp -s "$targets/haproxy.yml.example" "$targets/haproxy.yml"; then
    rm -f "$targets/haproxy.yml"
  fi
}

# ---- start and stop

start() {
  need_docker
  need_setup
  choose_proxy
  derive_files
  local scale=()
  [ "$layout" = lb ] || scale=(--scale "app=$1")
  build
  # They want the same ports, and an old one would keep them.
  if [ "$proxy" = haproxy ]; then remove nginx; else remove haproxy; fi
  say 'Starting; the first time this downloads what is missing.'
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

# name|status|health|exit code, for each container of the project
states() {
  docker ps --all --quiet --filter "label=com.docker.compose.project=$project" | while read -r id; do
    docker inspect --format '{{.Name}}|{{.State.Status}}|{{if .State.Health}}{{.State.Health.Status}}{{else}}-{{end}}|{{.State.ExitCode}}' "$id" 2>/dev/null || true # gone meanwhile
  done | sed 's#^/##'
}

# Those that are neither up and well nor done.
unwell() {
  states | awk -F '|' '!($2 == "running" && ($3 == "healthy" || $3 == "-") || $2 == "exited" && $4 == 0) { print $1 }'
}

wait_healthy() {
  local until=$((SECONDS + start_seconds)) ill
  while ill=$(unwell) && [ -n "$ill" ]; do
    [ "$SECONDS" -lt "$until" ] || explain_failure
    sleep 1
  done
}

explain_failure() {
  local name
  warn 'these are not well:'
  for name in $(unwell); do
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
  # The profile too: what runs is taken down, whichever proxy is chosen now.
  COMPOSE_PROFILES=haproxy compose down --remove-orphans
  say 'Stopped. The data stays.'
}

clean() {
  local answer
  case ${1-} in
    '')
      [ -t 0 ] || { take_down; return; }
      read -r -p "This deletes the database, sessions, metrics and dashboards' data. Type 'delete' to go on: " answer
      [ "$answer" = delete ] || die 'nothing was deleted'
      ;;
    --yes) ;;
    *) misused ;;
  esac
  need_docker
  need_setup
  find_layout
  COMPOSE_PROFILES=haproxy compose down --remove-orphans --volumes
  say "Deleted. Still there: $here/.env, ssl/, backups/"
}

# With nobody there to be asked nothing is deleted that cannot be made again.
take_down() {
  need_docker
  need_setup
  find_layout
  COMPOSE_PROFILES=haproxy compose down --remove-orphans
  say 'Taken down. The data is still there, as nobody could be asked: clean --yes deletes it'
}

# ---- look

# What an instance says of itself: NAME PATH CODE STATUS.
probe() { docker exec "$1" node healthcheck.js "$2" 2>&1; }

status() {
  need curl 'install it (apt-get install curl)'
  need_running
  local id said failed=0 name
  say 'Each instance, asked itself:'
  for id in $(instances); do
    name=$(docker inspect --format '{{.Name}}' "$id")
    said=$(probe "$id" /ready) || failed=1
    printf '  %-24s %s\n' "${name#/}" "$said"
  done
  say '' "Through $proxy, 20 times /ready:"
  local answers
  answers=$(for _ in {1..20}; do curl --silent --max-time 5 "http://127.0.0.1:$http_port/ready" | describe; done | sort | uniq -c)
  say "$answers" ''
  case $answers in *'no answer'*) failed=1 ;; esac
  compose ps --all
  return "$failed"
}

# instance and status out of a probe's JSON
describe() {
  local body
  body=$(cat)
  case $body in
    *'"instance":"'*) printf '%s %s\n' "$(field instance <<<"$body")" "$(field status <<<"$body")" ;;
    *) say 'no answer of an instance' ;;
  esac
}

# field NAME: its first text in the JSON that is read, as a line
field() { { grep -o "\"$1\":\"[^\"]*\"" || true; } | head -n 1 | cut -d '"' -f 4; }

logs() {
  need_docker
  need_setup
  find_layout
  compose logs --follow --tail 100 "$@"
}

# ---- test

faults=0
fine() { printf 'ok      %s\n' "$*"; }
faulty() { printf 'FAILED  %s\n' "$*"; faults=$((faults + 1)); }

# ask CODE WHAT CURL-ARGUMENT...: the body stays in $work/body. The certificate may be self-signed.
ask() {
  local wanted=$1 what=$2 code
  shift 2
  code=$(curl --insecure --silent --max-time 10 --output "$work/body" --write-out '%{http_code}' "$@") || true
  if [ "$code" = "$wanted" ]; then fine "$what ($code)"; else faulty "$what: $code instead of $wanted: $(head -c 300 "$work/body" 2>/dev/null)"; fi
}

run_test() {
  need curl 'install it (apt-get install curl)'
  need openssl 'install it (apt-get install openssl)'
  need_running
  umask 077
  work=$(mktemp -d)
  local at=https://127.0.0.1:$https_port path
  ask 200 'health, in the clear' "http://127.0.0.1:$http_port/health"
  ask 200 'health, by TLS' "$at/health"
  ask 200 'the index of the API' "$at/api"
  for path in /metrics /health/detailed /api/v1/circuit-breakers /api/v1/instances; do
    ask 404 "hidden: $path" "$at$path"
  done
  test_signing_in "$at/api/v1/auth"
  test_spread "http://127.0.0.1:$http_port/alive"
  test_metrics
  [ "$faults" -eq 0 ] || die "$faults failed"
  say 'All is well.'
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
    --command "DELETE FROM users WHERE email = '$email'" || faulty 'remove the account that was made for this'
}

test_spread() {
  local count wanted seen
  wanted=$(instances | grep -c .)
  count=$(for _ in $(seq $((wanted * 10))); do curl --silent --max-time 5 "$1" | field instance; done | sort | uniq -c)
  seen=$(grep -c . <<<"$count")
  if [ "$seen" -eq "$wanted" ]; then fine "$wanted instances answer:"; else faulty "$seen of $wanted instances answer:"; fi
  say "$count"
}

test_metrics() {
  # For 5 min a query also finds what was there before a restart.
  local query='sum(up{job="haven-api"} and timestamp(up{job="haven-api"}) > time() - 20)'
  local wanted seen until=$((SECONDS + 60))
  wanted=$(instances | grep -c .)
  while :; do
    seen=$(curl --silent --max-time 5 --get "http://127.0.0.1:$(setting PROMETHEUS_PORT 9090)/api/v1/query" \
      --data-urlencode "query=$query" | sed -n 's/.*"value":\[[^,]*,"\([0-9]*\)"\].*/\1/p')
    [ "$seen" != "$wanted" ] || { fine "Prometheus reads $wanted instances"; return; }
    [ "$SECONDS" -lt "$until" ] || { faulty "Prometheus reads ${seen:-no} instances of $wanted"; return; }
    sleep 2
  done
}

# ---- roll

roll() {
  case ${1-} in '' | --no-build) ;; *) misused ;; esac
  need_running
  local id
  for id in $(instances); do
    probe "$id" /ready >/dev/null || die "$(probe "$id" /ready): with an instance that is not ready a roll could leave nobody"
  done
  [ "${1-}" = --no-build ] || build
  say 'Migrating; the instances serve meanwhile.'
  compose run --rm --no-deps -T migrate || die 'the migration failed; every instance is as it was'
  replace_all
  say 'Rolled: every instance is new.'
}

# One after the other. A new instance starts without the network that the proxy looks for instances in, so nobody is sent
# to it before it is ready and has calmed down; and where it does not become ready, nothing has changed.
replace_all() {
  local id service
  for id in $(instances); do
    service=$(docker inspect --format '{{index .Config.Labels "com.docker.compose.service"}}' "$id")
    replace "$service" "$id"
  done
}

# replace SERVICE OLD
replace() {
  local service=$1 old=$2 new count front address said
  count=$(containers "$service" | grep -c .)
  say "$service ($(docker inspect --format '{{.Name}}' "$old" | cut -c 2-)): a new one starts"
  # Not --no-deps: Compose would take its container for an outdated one ever after.
  said=$(compose up --no-start --no-recreate --scale "$service=$((count + 1))" "$service" 2>&1) || die "$said"
  new=$(docker ps --all --quiet --no-trunc --filter "label=com.docker.compose.project=$project" \
    --filter "label=com.docker.compose.service=$service" --filter status=created | head -n 1)
  [ -n "$new" ] || die "Compose made no second $service: $said"
  # Whatever ends this before it serves takes it away again.
  newcomer=$new
  front=$(docker network ls --quiet --filter "label=com.docker.compose.project=$project" --filter label=com.docker.compose.network=front)
  docker network disconnect "$front" "$new"
  docker start "$new" >/dev/null
  if ! wait_ready "$new"; then
    docker logs --tail 15 "$new" >&2 2>&1 || true
    die "the new $service did not become ready and is gone again; this one and those after it are as they were"
  fi
  sleep "$settle_seconds"
  newcomer=
  if [ "$layout" = scale ]; then
    # One more first, then one less.
    docker network connect --alias api-server --alias "$service" "$front" "$new"
    sleep "$settle_seconds"
    retire "$old"
  else
    # The new one takes over the address.
    address=$(docker inspect --format "{{range .NetworkSettings.Networks}}{{if eq .NetworkID \"$(network_id "$front")\"}}{{.IPAddress}}{{end}}{{end}}" "$old")
    retire "$old"
    docker network connect --ip "$address" --alias "$service" "$front" "$new"
  fi
  docker rm "$old" >/dev/null
  sleep "$settle_seconds"
}

network_id() { docker network inspect --format '{{.Id}}' "$1"; }

# Stopped as Compose would: SIGTERM, and then as long as stop_grace_period says, which the container knows.
retire() {
  say '  the old one drains'
  docker stop "$1" >/dev/null
  local code
  code=$(docker inspect --format '{{.State.ExitCode}}' "$1")
  [ "$code" -eq 0 ] || warn "it ended with $code: requests that took too long were cut"
}

# wait_ready ID
wait_ready() {
  local until=$((SECONDS + start_seconds)) said
  until said=$(probe "$1" /ready); do
    [ "$SECONDS" -lt "$until" ] || { warn "$said"; return 1; }
    [ "$(docker inspect --format '{{.State.Status}}' "$1")" = running ] || { warn 'it has ended'; return 1; }
    sleep 1
  done
  say "  $said"
}

# ---- backup

backup() {
  case ${1-} in -*) misused ;; esac
  need_docker
  need_setup
  find_layout
  [ -n "$(containers postgres)" ] || die "Postgres does not run; run: $0 start"
  umask 077
  local file=${1:-$here/backups/haven-$(date -u +%Y%m%dT%H%M%SZ).dump} tables
  [ ! -e "$file" ] || die "$file is there already"
  mkdir -p -- "$(dirname -- "$file")"
  work=$(mktemp -d -- "$(dirname -- "$file")/.part.XXXXXX")
  compose exec -T postgres pg_dump --username postgres --dbname haven --format custom >"$work/dump" || die 'pg_dump failed'
  # All of it: --list alone is content with the beginning.
  compose exec -T postgres pg_restore --file /dev/null <"$work/dump" || die 'the dump cannot be read back, and was not kept'
  tables=$(compose exec -T postgres pg_restore --list <"$work/dump" | grep -c ' TABLE DATA ') ||
    die 'there is no table in the dump, and it was not kept'
  mv -- "$work/dump" "$file"
  say "$file: $(wc -c <"$file") bytes, $tables tables"
}

# ----

command=${1-}
[ $# -eq 0 ] || shift
case $command in
  setup | start | stop | status | test) [ $# -eq 0 ] || misused ;;
  start-scaled | roll | backup | clean) [ $# -le 1 ] || misused ;;
esac
case $command in
  setup) setup ;;
  start) start ;;
  start-scaled)
    count=${1:-3}
    [[ $count =~ ^[0-9]{1,3}$ ]] || misused
    if [ "$count" -lt 1 ] || [ "$count" -gt "$most_instances" ]; then
      die "1 to $most_instances instances: Postgres has connections for no more (max_connections in docker-compose.scale.yml)"
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
  clean) clean "$@" ;;
  help | -h | --help) usage ;;
  *) misused ;;
esac
