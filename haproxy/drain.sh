#!/bin/sh
# Takes one instance out of rotation in HAProxy, waits until its requests have finished, and puts it back.
set -eu

usage() {
  cat <<'TEXT'
Usage: drain.sh [-t SECONDS] INSTANCE [COMMAND [ARGUMENT]...]
       drain.sh [-t SECONDS] -o INSTANCE     only take it out
       drain.sh [-t SECONDS] -b INSTANCE     only put it back

INSTANCE is a name in haproxy.cfg, e.g. api-server-2. COMMAND (a restart, an update) runs while the instance is out of
rotation. The script then waits until the health checks of the instance pass, puts it back and ends. After an error it
puts the instance back too, except with -o.

  -t SECONDS   maximum time to wait for its requests to finish, and for its checks to pass (60)

HAPROXY_SOCKET names the runtime socket (/var/run/haproxy.sock), HAPROXY_BACKEND the backend (haven_api).
Exit code: 0 success, 1 timeout or error of HAProxy, 64 wrong usage, otherwise the exit code of COMMAND.
TEXT
}

socket=${HAPROXY_SOCKET:-/var/run/haproxy.sock}
backend=${HAPROXY_BACKEND:-haven_api}
limit=60
only=

say() { printf 'drain.sh: %s\n' "$*" >&2; }

while getopts t:obh option; do
  case $option in
    t) limit=$OPTARG ;;
    o) only=${only}out ;;
    b) only=${only}back ;;
    h) usage; exit 0 ;;
    *) usage >&2; exit 64 ;;
  esac
done
shift $((OPTIND - 1))
case $limit in '' | *[!0-9]*) usage >&2; exit 64 ;; esac
case ${1:-} in '' | *[!A-Za-z0-9._-]*) usage >&2; exit 64 ;; esac
instance=$1
shift
case $only in '' | out | back) ;; *) usage >&2; exit 64 ;; esac
if [ -n "$only" ] && [ $# -gt 0 ]; then usage >&2; exit 64; fi

ask() { printf '%s\n' "$1" | socat -t5 stdio "UNIX-CONNECT:$socket"; }

# HAProxy prints nothing after a successful command.
run_in_haproxy() {
  answer=$(ask "$1")
  [ -z "$answer" ] || { say "$answer"; return 1; }
}

# field NAME: one column of the instance's line in `show stat`, by its title.
field() {
  ask "show stat $backend 4 -1" | awk -F, -v name="$instance" -v title="$1" '
    NR == 1 { for (i = 1; i <= NF; i++) if ($i == title) column = i }
    $2 == name { print $column; found = 1 }
    END { exit !found }'
}

# checks_passed: whether the checks have passed since maintenance ended (state 3 = rise + fall - 1).
checks_passed() {
  [ "$(ask "show servers state $backend" | awk -v name="$instance" '$4 == name { print $13 }')" = 3 ]
}

put_back() {
  # State `drain` first: HAProxy checks the instance but sends no requests to it, because it may still be starting.
  run_in_haproxy "set server $backend/$instance state drain"
  remaining=$limit
  until checks_passed; do
    [ "$remaining" -gt 0 ] || { say "$instance does not pass its checks; HAProxy will use it when they pass"; failed=1; break; }
    remaining=$((remaining - 1))
    sleep 1
  done
  run_in_haproxy "set server $backend/$instance state ready"
  [ -z "${failed:-}" ] || return 1
  say "$instance is in rotation again"
}

ask 'show info' >/dev/null || { say "HAProxy does not answer at $socket"; exit 1; }
field status >/dev/null || { say "backend $backend has no server $instance"; exit 1; }
if [ "$only" = back ]; then put_back; exit; fi

if [ "$only" != out ]; then
  # Ignore a second Ctrl-C while the instance is put back; otherwise it would stay out.
  trap 'trap "" INT TERM HUP; put_back' EXIT
  trap 'trap "" INT TERM HUP; say "$instance is put back first"; exit 130' INT TERM HUP
fi

# `maint` and not `drain`: in `drain`, the instance would still get the clients whose affinity cookie selects it.
# Requests in progress finish in both states.
run_in_haproxy "set server $backend/$instance state maint"
remaining=$limit
while sessions=$(field scur) && [ "$sessions" -gt 0 ]; do
  [ "$remaining" -gt 0 ] || { say "$instance still has $sessions requests after $limit s"; exit 1; }
  remaining=$((remaining - 1))
  sleep 1
done
say "$instance is out of rotation and has no requests left"

[ $# -eq 0 ] || "$@"
