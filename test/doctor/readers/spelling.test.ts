import { cluster, grace, haproxy, nginx, pod, service, unknown } from "../support/not-understood-configs.ts";
import { suiteOfManners } from "../support/realistic-configs.ts";

suiteOfManners("what is not known by its name is said", [
  unknown(
    "a word that HAProxy does not have",
    { haproxy: haproxy("", undefined, "frobnicate yes") },
    /^frobnicate: not a word/,
  ),
  unknown(
    "a time limit that HAProxy does not have",
    { haproxy: haproxy("timeout srever 5s") },
    /^timeout srever: .* perhaps server is meant/,
  ),
  unknown(
    "an option of a server that HAProxy does not have",
    { haproxy: haproxy("timeout check 1s", "check inter 2s fall 2 fastniter 500ms") },
    /^server … fastniter: .* perhaps fastinter is meant/,
  ),
  unknown("an option that is misspelt", { haproxy: haproxy("option redispacth") }, /perhaps redispatch is meant/),
  unknown(
    "a directive of nginx that is misspelt",
    { nginx: nginx("proxy_raed_timeout 5s;") },
    /^proxy_raed_timeout: .* perhaps proxy_read_timeout is meant/m,
  ),
  {
    name: "directives that are close to others, and names in a map, are not",
    texts: {
      nginx:
        `${nginx("proxy_send_timeout 5s; listen 80;")}stream {\n  server { listen 90; proxy_pass db; }\n}\n`.replace(
          "http {",
          "http {\n  map $a $b { keepalives 1; }",
        ),
    },
    finds: [],
    notUnderstood: /^passes no request on[^\n]*$/,
  },
  unknown(
    "a program in nginx",
    { nginx: nginx("access_by_lua_block { deny() }") },
    /^access_by_lua_block: what this program does/m,
  ),
  unknown(
    "a way that only a variable knows",
    {
      nginx: nginx(
        "resolver 127.0.0.11; proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme; location / { proxy_pass http://$pool; }",
      ),
    },
    /^proxy_pass http:\/\/\$pool: where it leads is not known/,
  ),
  unknown(
    "a check of HAProxy's in a program",
    { haproxy: haproxy("timeout check 1s", undefined, "option external-check") },
    /^option external-check: what it asks cannot be seen/,
  ),
  unknown(
    "a route of Istio's",
    { kubernetes: cluster("VirtualService", "{ http: [{ timeout: 5s }] }") },
    /^VirtualService: how it routes/,
  ),
  unknown(
    "a route of Traefik's",
    { kubernetes: cluster("IngressRoute", "{ routes: [] }") },
    /^IngressRoute: how it routes/,
  ),
  unknown(
    "what KEDA scales",
    { kubernetes: cluster("ScaledObject", "{ maxReplicaCount: 90 }") },
    /^ScaledObject: how far/,
  ),
  unknown(
    "a Service of Knative's",
    { kubernetes: cluster("Service", "{ template: { spec: { timeoutSeconds: 5 } } }", "serving.knative.dev/v1") },
    /^Service: what it runs/,
  ),
  unknown(
    "a health check in a script",
    { compose: service("healthcheck: { test: ./healthcheck.sh, timeout: 5s }") },
    /^healthcheck \.\/healthcheck\.sh: what it asks/,
  ),
  unknown(
    "a readiness probe in a script",
    { kubernetes: pod(grace, "").replace("httpGet: { path: /ready, port: 4000 }", "exec: { command: [./ready.sh] }") },
    /^readinessProbe: what it asks cannot be seen/,
  ),
]);
