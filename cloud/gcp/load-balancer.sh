#!/bin/sh
# Creates a global external Application Load Balancer of Google Cloud for Haven.
set -eu

usage() {
  cat <<'TEXT'
Usage: load-balancer.sh [--apply]

Prints the commands that create a load balancer for Haven; with --apply, runs them.

  PROJECT         the project
  NETWORK         the VPC network of the instances
  INSTANCE_GROUP  a managed instance group whose machines have the network tag haven-api and run Haven on port 4000
  ZONE            the group's zone
  DOMAIN          the host name; point it to the address that this script reserves
  AFFINITY        cookie: keeps a client with one instance (not needed: sessions are in Redis); default none

The script creates new resources and does not change existing ones.
TEXT
}

apply=no
case ${1-} in
  '') ;;
  --apply) apply=yes ;;
  --help | -h)
    usage
    exit
    ;;
  *)
    usage >&2
    exit 64
    ;;
esac

missing=
for name in PROJECT NETWORK INSTANCE_GROUP ZONE DOMAIN; do
  eval "value=\${$name-}"
  if [ -n "$value" ]; then continue; fi
  missing="$missing $name"
done
if [ -n "$missing" ]; then
  echo "Required:$missing" >&2
  usage >&2
  exit 64
fi
if [ "$apply" = yes ] && ! command -v gcloud >/dev/null; then
  echo "The Google Cloud CLI (gcloud) is not installed." >&2
  exit 69
fi

# LEAST_REQUEST suits requests of different durations: a slow instance gets fewer requests.
# Affinity by cookie needs a lifetime, and works only with the policy RING_HASH.
case ${AFFINITY:-none} in
  none) affinity='--session-affinity=NONE --locality-lb-policy=LEAST_REQUEST' ;;
  cookie) affinity='--session-affinity=GENERATED_COOKIE --affinity-cookie-ttl=3600 --locality-lb-policy=RING_HASH' ;;
  *)
    echo "AFFINITY is cookie or none." >&2
    exit 64
    ;;
esac

# Prints a command with shell quoting.
show() {
  line=
  for word in "$@"; do
    case $word in
      '' | *[!A-Za-z0-9_./:=,@%+-]*) word="'$(printf %s "$word" | sed "s/'/'\\\\''/g")'" ;;
    esac
    line="$line${line:+ }$word"
  done
  printf '%s\n' "$line"
}

run() {
  if [ "$apply" = yes ]; then "$@"; else show "$@"; fi
}

compute() {
  run gcloud compute "$@" "--project=$PROJECT"
}

# The source ranges of the load balancer and of its health checks.
balancer_ranges=130.211.0.0/22,35.191.0.0/16

compute firewall-rules create haven-api-from-load-balancer "--network=$NETWORK" --direction=INGRESS \
  "--source-ranges=$balancer_ranges" --target-tags=haven-api --allow=tcp:4000

# The timeout is longer than HEALTH_CHECK_TIMEOUT (2 s) and shorter than the interval. A failing instance leaves the
# rotation after two intervals and one timeout, 14 s, and DRAIN_DELAY_MS has to be longer than that.
compute health-checks create http haven-api-ready --global --port=4000 --request-path=/ready \
  --check-interval=5s --timeout=4s --healthy-threshold=2 --unhealthy-threshold=2

compute instance-groups set-named-ports "$INSTANCE_GROUP" "--zone=$ZONE" --named-ports=http:4000

# The timeout is the maximum duration of an event stream, which the client then resumes. Haven itself times out other
# requests after REQUEST_TIMEOUT_MS. The drain time is longer than that.
# shellcheck disable=SC2086 # several options
compute backend-services create haven-api-backend --global --load-balancing-scheme=EXTERNAL_MANAGED --protocol=HTTP \
  --port-name=http --health-checks=haven-api-ready --global-health-checks --timeout=3600s \
  --connection-draining-timeout=60s $affinity --enable-logging --logging-sample-rate=1

compute backend-services add-backend haven-api-backend --global "--instance-group=$INSTANCE_GROUP" \
  "--instance-group-zone=$ZONE" --balancing-mode=UTILIZATION --max-utilization=0.8

compute addresses create haven-api-address --global --ip-version=IPV4
compute ssl-certificates create haven-api-certificate --global "--domains=$DOMAIN"
compute ssl-policies create haven-api-tls --global --profile=RESTRICTED --min-tls-version=1.2

compute url-maps create haven-api-routes --global --default-service=haven-api-backend
compute target-https-proxies create haven-api-https --global --url-map=haven-api-routes \
  --ssl-certificates=haven-api-certificate --ssl-policy=haven-api-tls
compute forwarding-rules create haven-api-443 --global --load-balancing-scheme=EXTERNAL_MANAGED \
  --network-tier=PREMIUM --address=haven-api-address --target-https-proxy=haven-api-https --ports=443

# HTTP is redirected to HTTPS. gcloud can create a redirect only by an import.
redirect() {
  printf '%s\n' 'name: haven-api-redirect' 'defaultUrlRedirect:' '  httpsRedirect: true' \
    '  redirectResponseCode: MOVED_PERMANENTLY_DEFAULT'
}
if [ "$apply" = yes ]; then
  redirect | compute url-maps import haven-api-redirect --global --quiet
else
  echo "gcloud compute url-maps import haven-api-redirect --global --quiet --project=$PROJECT <<'END'"
  redirect
  echo END
fi
compute target-http-proxies create haven-api-http --global --url-map=haven-api-redirect
compute forwarding-rules create haven-api-80 --global --load-balancing-scheme=EXTERNAL_MANAGED \
  --network-tier=PREMIUM --address=haven-api-address --target-http-proxy=haven-api-http --ports=80

# The load balancer keeps its connections for 600 s, and appends its own address to X-Forwarded-For.
address=ADDRESS
if [ "$apply" = yes ]; then
  address=$(gcloud compute addresses describe haven-api-address --global --format='value(address)' "--project=$PROJECT")
fi
echo "# Settings of Haven for this load balancer, with the reserved address:"
echo "# KEEP_ALIVE_TIMEOUT_MS=620000 DRAIN_DELAY_MS=15000 MANAGEMENT_PORT=4001 TRUST_PROXY=$balancer_ranges,$address"
