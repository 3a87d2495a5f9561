import type { Base, Fault } from "./planted.ts";

const settings = `NODE_ENV=production
KEEP_ALIVE_TIMEOUT_MS=75000
REQUEST_TIMEOUT_MS=15000
DRAIN_DELAY_MS=8000
LARGEST_UPLOAD=5m
`;

const plain = `global
    maxconn 4096
    hard-stop-after 60s

defaults
    mode http
    timeout http-request 10s
    timeout http-keep-alive 75s
    timeout client 80s
    timeout connect 2s
    timeout server 20s

frontend web
    bind :8080
    http-request track-sc0 src table limits
    http-request deny deny_status 429 if { sc0_http_req_rate gt 100 }
    http-request deny deny_status 413 if { req.hdr_val(content-length) gt 5242880 }
    http-request set-header X-Forwarded-For %[src]
    default_backend api

backend api
    balance leastconn
    option httpchk
    http-check send meth GET uri /ready
    http-check expect status 200
    timeout check 1s
    option redispatch 1
    retries 2
    retry-on conn-failure empty-response
    http-request disable-l7-retry unless { method GET HEAD OPTIONS }
    default-server check inter 2s fastinter 500ms fall 2 rise 2
    server app1 10.0.0.1:4000
    server app2 10.0.0.2:4000

backend limits
    stick-table type ipv6 size 100k expire 30s store http_req_rate(10s)

listen stats
    bind 127.0.0.1:8404
    stats enable
    stats uri /stats
`;

/** IPv6, three servers, and paths of two applications. */
const ipv6WithTwoApps = plain
  .replace("bind :8080", "bind [::]:8080 v4v6")
  .replace(
    "    default_backend api\n",
    "    acl is_report path_beg /reports\n    use_backend reports if is_report\n    default_backend api\n",
  )
  .replace("    server app2 10.0.0.2:4000\n", "    server app2 10.0.0.2:4000\n    server app3 10.0.0.3:4000\n")
  .replace(
    "backend limits\n",
    "backend reports\n    option httpchk GET /ready\n    default-server check inter 3s fall 2\n    server report1 10.0.1.1:5000\n    server report2 10.0.1.2:5000\n\nbackend limits\n",
  );

/** Tabs, comments, a TCP service and quoted words. */
const mixed = plain
  .replaceAll("    ", "\t")
  .replace(
    "listen stats\n",
    'listen queue\n\tbind 127.0.0.1:5672\n\tmode tcp\n\tserver queue1 "10.0.2.1:5672" check\n\nlisten stats\n',
  )
  .replace("backend api\n", "backend api # the application\n");

export const haproxyBases: readonly Base[] = [
  { name: "HAProxy", kind: "haproxy", text: plain, alongside: { settings } },
  { name: "HAProxy on IPv6 with two applications", kind: "haproxy", text: ipv6WithTwoApps, alongside: { settings } },
  { name: "HAProxy with tabs and a TCP service", kind: "haproxy", text: mixed, alongside: { settings } },
];

const defaultServer = /default-server check inter 2s fastinter 500ms fall 2 rise 2/;
const frontend = /default_backend api\n/;
const inFrontend = (lines: string) => `${lines}\n    default_backend api\n`;

// Each entry: the rule, the text of a base to replace, replacements that violate the rule, and valid replacements.
export const haproxyFaults: readonly Fault[] = [
  [
    "keep-alive-shorter-than-front",
    /server app1 10\.0\.0\.1:4000/,
    ["server app1 10.0.0.1:4000 pool-purge-delay 2m", "server app1 10.0.0.1:4000 pool-purge-delay 75s"],
    ["server app1 10.0.0.1:4000 pool-purge-delay 30s", "server app1 10.0.0.1:4000 pool-purge-delay 1m"],
  ],
  [
    "drain-shorter-than-notice",
    defaultServer,
    [
      "default-server check inter 10s fall 3",
      "default-server check inter 8s fastinter 1s fall 2",
      "default-server check inter 3s fall 3",
    ],
    [
      "default-server check inter 2s fall 3",
      "default-server check inter 6s fastinter 1s fall 2",
      "default-server check inter 2s fall 4",
    ],
  ],
  ["drain-check-blind", /uri \/ready/, ["uri /alive", "uri /livez"], ["uri /readyz", "uri /health"]],
  [
    "drain-check-blind",
    /option httpchk\n\s*http-check send meth GET uri \/ready\n\s*http-check expect status 200\n/,
    [""],
    ["option httpchk GET /ready\n"],
  ],
  [
    "drain-not-checked",
    defaultServer,
    ["default-server inter 2s", "default-server no-check"],
    ["default-server check inter 2s", "default-server check"],
  ],
  [
    "drain-cut-sessions",
    defaultServer,
    ["default-server check inter 2s fastinter 500ms fall 2 on-marked-down shutdown-sessions"],
    ["default-server check inter 2s fastinter 500ms fall 2 on-marked-up shutdown-backup-sessions"],
  ],
  [
    "drain-no-redispatch",
    /option redispatch 1\n/,
    ["cookie SRV insert indirect nocache\n", "balance source\n"],
    ["cookie SRV insert indirect nocache\n    option redispatch\n", "balance source\n    option redispatch 2\n"],
  ],
  [
    "release-shorter-than-request",
    /hard-stop-after 60s/,
    ["hard-stop-after 10s", "hard-stop-after 5000"],
    ["hard-stop-after 15s", "hard-stop-after 30000"],
  ],
  [
    "deadline-request-longer-than-proxy",
    /timeout server 20s/,
    ["timeout server 15s", "timeout server 5000"],
    ["timeout server 16s", "timeout server 30000"],
  ],
  [
    "deadline-tries-longer-than-client",
    /timeout connect 2s/,
    ["timeout connect 20s", "timeout connect 30s"],
    ["timeout connect 5s", "timeout connect 10s"],
  ],
  [
    "deadline-none",
    /timeout connect 2s\n/,
    ["", "timeout connect 0\n"],
    ["timeout connect 3s\n", "timeout connect 900\n"],
  ],
  [
    "deadline-none",
    /timeout client 80s\n/,
    ["", "timeout client 0s\n"],
    ["timeout client 90s\n", "timeout client 2m\n"],
  ],
  ["deadline-none", /timeout server 20s\n/, [""], ["timeout server 21s\n"]],
  [
    "deadline-none",
    /timeout http-request 10s\n\s*timeout http-keep-alive 75s\n\s*timeout client 80s\n\s*timeout connect 2s\n\s*timeout server 20s\n/,
    [""],
    ["timeout client 80s\n    timeout connect 2s\n    timeout server 20s\n"],
  ],
  ["budget-body-too-small", /gt 5242880/, ["gt 1000000", "gt 1048576"], ["gt 6000000", "ge 5242880"]],
  ["budget-body-too-large", /gt 5242880/, ["gt 104857600"], ["gt 10000000"]],
  [
    "trap-haproxy-check-order",
    /http-check send meth GET uri \/ready\n\s*http-check expect status 200/,
    ["http-check expect status 200\n    http-check send meth GET uri /ready"],
    ["http-check send meth GET uri /ready\n    http-check expect rstatus ^2"],
  ],
  [
    "trap-haproxy-brace",
    /server app2 10\.0\.0\.2:4000\n/,
    ["server app2 10.0.0.2:4000\n    }\n"],
    ["server app2 10.0.0.2:4000\n    # }\n"],
  ],
  [
    "trap-haproxy-brace",
    /if \{ sc0_http_req_rate gt 100 \}/,
    ["if { sc0_http_req_rate gt 100"],
    ["if { sc0_http_req_rate gt 200 }"],
  ],
  [
    "trap-haproxy-deny-status",
    /deny deny_status 429 if \{ sc0/,
    ["deny if { sc0", "deny deny_status 503 if { sc0"],
    ["deny  deny_status 429 if { sc0", "deny deny_status 429 if { sc0"],
  ],
  [
    "trap-haproxy-double-check",
    /backend limits\n/,
    ["backend again\n    option httpchk GET /ready\n    server again 10.0.0.1:4000 check\n\nbackend limits\n"],
    ["backend again\n    server again 10.0.0.1:4000 track api/app1\n\nbackend limits\n"],
  ],
  [
    "trap-haproxy-stats-open",
    /bind 127\.0\.0\.1:8404/,
    ["bind *:8404", "bind :8404", "bind 0.0.0.0:8404"],
    ["bind localhost:8404", "bind 127.0.0.2:8404", "bind /run/haproxy-stats.sock"],
  ],
  [
    "trap-haproxy-retry-writes",
    /http-request disable-l7-retry unless \{ method GET HEAD OPTIONS \}\n/,
    [""],
    ["http-request disable-l7-retry if METH_POST\n"],
  ],
  [
    "trap-haproxy-retry-status",
    /retry-on conn-failure empty-response/,
    ["retry-on conn-failure 503", "retry-on conn-failure 500 502", "retry-on all-retryable-errors"],
    ["retry-on conn-failure", "retry-on conn-failure response-timeout", "retry-on none"],
  ],
  [
    "trap-xss-protection",
    frontend,
    [inFrontend("http-response set-header X-XSS-Protection 1")],
    [inFrontend("http-response del-header X-XSS-Protection")],
  ],
  [
    "trap-header-colon",
    /set-header X-Forwarded-For /,
    ["set-header X-Forwarded-For: "],
    ["set-header x-forwarded-for "],
  ],
  [
    "trap-haproxy-removed-keyword",
    frontend,
    [inFrontend("reqadd X-A:\\ b"), inFrontend("rspdel ^Server"), inFrontend("bind-process 1")],
    [
      inFrontend("http-request add-header X-A b"),
      inFrontend("http-response del-header Server"),
      inFrontend("maxconn 1000"),
    ],
  ],
  [
    "trap-haproxy-removed-keyword",
    /timeout client 80s\n/,
    ["timeout client 80s\n    srvtimeout 5000\n"],
    ["timeout client 80s\n    timeout queue 5s\n"],
  ],
  [
    "deadline-no-tunnel-timeout",
    frontend,
    [
      inFrontend("acl is_socket hdr(Upgrade) -i websocket\n    use_backend api if is_socket"),
      inFrontend("acl is_socket path_beg /socket.io\n    use_backend api if is_socket"),
    ],
    [
      inFrontend("acl is_upload path_beg /upload\n    use_backend api if is_upload"),
      inFrontend("acl is_socketless path_beg /sock\n    use_backend api if is_socketless"),
    ],
  ],
  [
    "trap-haproxy-ipv4-table",
    /v4v6[\s\S]*stick-table type ipv6/,
    [(text: string) => text.replace("type ipv6", "type ip")],
    [(text: string) => text.replace("type ipv6", "type ipv6  ")],
  ],
];
