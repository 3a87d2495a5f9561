#!/bin/sh
# Writes prometheus-rule.yaml from the rule files in monitoring/, which are the source. Run it after changing them.
set -eu
cd "$(dirname "$0")"
rules=../../monitoring

cat <<'HEAD'
# Generated from monitoring/ by `npm run monitoring`: change the rules there.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: haven-api
  labels:
    app: haven-api
    app.kubernetes.io/part-of: haven
    release: kube-prometheus-stack
HEAD

# Only rule files have `groups:` at the top level. The alerts about Prometheus and Alertmanager themselves are left out,
# because the operator has its own.
files=$(if [ -d "$rules" ]; then
  grep -rlE '^groups:' --include='*.yml' --include='*.yaml' "$rules" | grep -v '/rules/prometheus\.yml$' | LC_ALL=C sort
fi)
if [ -z "$files" ]; then
  printf 'spec:\n  groups: []\n'
  exit
fi
printf 'spec:\n  groups:\n'
for file in $files; do
  printf '    # %s\n' "${file#../../}"
  # The content of `groups:`, with the indentation of this file.
  awk '
    /^groups:/ { on = 1; next }
    /^[^ #-]/ { on = 0 }
    on && NF == 0 { print ""; next }
    on && indented == "" && /^ *#/ { sub(/^ */, "    "); print; next }
    on { print (indented == "" ? (indented = /^-/ ? "yes" : "no") : indented) == "yes" ? "    " $0 : "  " $0 }
  ' "$file"
done
