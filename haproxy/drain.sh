#!/bin/sh
# Takes one instance out of HAProxy, waits until it has nothing left to do, and puts it back.
set -eu

usage() {
  cat <<'TEXT'
Usage: drain.sh [-t SECONDS] INSTANCE [COMMAND [ARGUMENT]...]
       drain.sh [-t SECONDS] -o INSTANCE     only take it out
       drain.sh [-t SECONDS] -b INSTANCE     only put it back

INSTANCE is a name in haproxy.cfg, e.g. api-server-2. With a COMMAND (a restart, an update) that is run while the
instance is out. It is put back when its checks pass, and the script ends when it takes requests again. Whatever goes
wrong, it is put back, but for -o.

  -t SECONDS   longest time to wait for its requests to end, and for its checks to pass (60)

HAPROXY_SOCKET names the runtime socket (/var/run/haproxy.sock), HAPROXY_BACKEND the backend (haven_api).
Exit code: 0 done, 1 not done in time or refused by HAProxy, 64 usage, that of COMMAND when it fails.
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

# HAProxy says nothing when it did what it was told.
tell() {
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

# checked: whether a check has passed since it was put out of maintenance (of rise + fall - 1 = 3).
checked() {
  [ "$(ask "show servers state $backend" | awk -v name="$instance" '$4 == name { print $13 }')" = 3 ]
}

put_back() {
  # With its checks first and without new requests, so that none reaches an instance that is still starting.
  tell "set server $backend/$instance state drain"
  left=$limit
  until checked; do
    [ "$left" -gt 0 ] || { say "$instance does not pass its checks; HAProxy will use it as soon as it does"; failed=1; break; }
    left=$((left - 1))
    sleep 1
  done
  tell "set server $backend/$instance state ready"
  [ -z "${failed:-}" ] || return 1
  say "$instance is back"
}

ask 'show info' >/dev/null || { say "HAProxy does not answer at $socket"; exit 1; }
field status >/dev/null || { say "backend $backend has no server $instance"; exit 1; }
if [ "$only" = back ]; then put_back; exit; fi

if [ "$only" != out ]; then
  # Whoever presses Ctrl-C once more, while it is put back, would leave it out for good.
  trap 'trap "" INT TERM HUP; put_back' EXIT
  trap 'trap "" INT TERM HUP; say "$instance is put back first"; exit 130' INT TERM HUP
fi

# `maint` and not `drain`: that one would go on getting the clients whose cookie leads there. What is under way ends in
# peace with both.
tell "set server $backend/$instance state maint"
left=$limit
while sessions=$(field scur) && [ "$sessions" -gt 0 ]; do
  [ "$left" -gt 0 ] || { say "$instance still has $sessions requests after $limit s"; exit 1; }
  left=$((left - 1))
  sleep 1
done
say "$instance is out, with nothing left to do"

[ $# -eq 0 ] || "$@"
