import { cluster, grace, haproxy, nginx, pod, service, unknown } from "../support/not-understood-configs.ts";
import { suiteOfConfigs } from "../support/realistic-configs.ts";

suiteOfConfigs("an unknown name is reported", [
  unknown(
    "an unknown HAProxy keyword",
    { haproxy: haproxy("", undefined, "frobnicate yes") },
    /^frobnicate: not a known HAProxy keyword/,
  ),
  unknown(
    "an unknown HAProxy timeout",
    { haproxy: haproxy("timeout srever 5s") },
    /^timeout srever: .* perhaps server is meant/,
  ),
  unknown(
    "an unknown option of an HAProxy server",
    { haproxy: haproxy("timeout check 1s", "check inter 2s fall 2 fastniter 500ms") },
    /^server … fastniter: .* perhaps fastinter is meant/,
  ),
  unknown("a misspelled HAProxy option", { haproxy: haproxy("option redispacth") }, /perhaps redispatch is meant/),
  unknown(
    "a misspelled nginx directive",
    { nginx: nginx("proxy_raed_timeout 5s;") },
    /^proxy_raed_timeout: .* perhaps proxy_read_timeout is meant/m,
  ),
  {
    name: "directives with similar names, and names in a map, are not reported",
    texts: {
      nginx:
        `${nginx("proxy_send_timeout 5s; listen 80;")}stream {\n  server { listen 90; proxy_pass db; }\n}\n`.replace(
          "http {",
          "http {\n  map $a $b { keepalives 1; }",
        ),
    },
    finds: [],
    notUnderstood: /^forwards no requests[^\n]*$/,
  },
  unknown(
    "a Lua program in nginx",
    { nginx: nginx("access_by_lua_block { deny() }") },
    /^access_by_lua_block: the effect of this program/m,
  ),
  unknown(
    "a target in an unknown variable",
    {
      nginx: nginx(
        "resolver 127.0.0.11; proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme; location / { proxy_pass http://$pool; }",
      ),
    },
    /^proxy_pass http:\/\/\$pool: the target is unknown/,
  ),
  unknown(
    "an external check of HAProxy",
    { haproxy: haproxy("timeout check 1s", undefined, "option external-check") },
    /^option external-check: the request of this check is unknown/,
  ),
  unknown(
    "a route of Istio",
    { kubernetes: cluster("VirtualService", "{ http: [{ timeout: 5s }] }") },
    /^VirtualService: its routes/,
  ),
  unknown("a route of Traefik", { kubernetes: cluster("IngressRoute", "{ routes: [] }") }, /^IngressRoute: its routes/),
  unknown(
    "an autoscaler of KEDA",
    { kubernetes: cluster("ScaledObject", "{ maxReplicaCount: 90 }") },
    /^ScaledObject: its scaling limits/,
  ),
  unknown(
    "a Service of Knative",
    { kubernetes: cluster("Service", "{ template: { spec: { timeoutSeconds: 5 } } }", "serving.knative.dev/v1") },
    /^Service: its containers/,
  ),
  unknown(
    "a health check in a script",
    { compose: service("healthcheck: { test: ./healthcheck.sh, timeout: 5s }") },
    /^healthcheck \.\/healthcheck\.sh: the request/,
  ),
  unknown(
    "a readiness probe in a script",
    { kubernetes: pod(grace, "").replace("httpGet: { path: /ready, port: 4000 }", "exec: { command: [./ready.sh] }") },
    /^readinessProbe: the request of this probe is unknown/,
  ),
]);
