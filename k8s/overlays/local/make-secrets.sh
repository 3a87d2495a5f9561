#!/bin/sh
# Creates the secrets of overlays/local in the current cluster. Run it once: Postgres keeps its first password.
set -eu

case ${1-} in
  '') ;;
  *)
    echo "Usage: $0 (no arguments; works on the current context of kubectl)" >&2
    exit 64
    ;;
esac

kubectl apply -f "$(dirname "$0")/../../base/namespace.yaml"
if [ -n "$(kubectl -n haven get secret haven-api-secret --ignore-not-found --output name)" ]; then
  echo "The secrets are there already."
  exit
fi

random() { od -An -v -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }
postgres=$(random 24)
owner=$(random 24)
app=$(random 24)
redis=$(random 24)

# The secrets are passed by standard input, because other users can read command lines.
kubectl create -f - <<EOF
apiVersion: v1
kind: Secret
metadata: { name: haven-local-secret, namespace: haven }
stringData:
  POSTGRES_PASSWORD: $postgres
  HAVEN_DB_PASSWORD: $owner
  HAVEN_APP_DB_PASSWORD: $app
  REDIS_PASSWORD: $redis
---
apiVersion: v1
kind: Secret
metadata: { name: haven-api-secret, namespace: haven }
stringData:
  DATABASE_URL: postgres://haven_app:$app@postgres:5432/haven
  REDIS_URL: redis://:$redis@redis:6379
  JWT_SECRET: "$(random 48)"
  JWT_SECRET_PREVIOUS: ""
  OPS_TOKEN: ""
---
apiVersion: v1
kind: Secret
metadata: { name: haven-api-migrate-secret, namespace: haven }
stringData:
  DATABASE_URL: postgres://haven:$owner@postgres:5432/haven
EOF
