import type { Base, Fault } from "./planted.ts";

const settings = `NODE_ENV=production
KEEP_ALIVE_TIMEOUT_MS=75000
REQUEST_TIMEOUT_MS=15000
DRAIN_LINGER_MS=3000
HEALTH_CHECK_INTERVAL=2000
LARGEST_UPLOAD=5m
`;

const plain = `worker_processes auto;
worker_shutdown_timeout 30s;
events { worker_connections 1024; }
http {
    limit_req_zone $binary_remote_addr zone=auth:10m rate=5r/m;
    limit_req_status 429;
    client_max_body_size 5m;
    keepalive_timeout 75s;

    upstream api {
        zone api 128k;
        least_conn;
        server 10.0.0.1:4000 max_fails=3 fail_timeout=5s;
        server 10.0.0.2:4000 max_fails=3 fail_timeout=5s;
        keepalive 32;
        keepalive_timeout 60s;
    }

    server {
        listen 8080;
        add_header X-Frame-Options DENY always;
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_connect_timeout 2s;
        proxy_read_timeout 20s;
        proxy_next_upstream error timeout;
        proxy_next_upstream_tries 2;
        proxy_next_upstream_timeout 25s;

        location = /ready {
            proxy_pass http://api;
        }
        location /login {
            limit_req zone=auth burst=10 nodelay;
            proxy_pass http://api;
        }
        location / {
            proxy_pass http://api;
        }
    }
}
`;

/** Another layout of the same configuration: tabs, other names, more servers, comments. */
const withTabs = plain
  .replaceAll("    ", "\t")
  .replaceAll("http://api", "http://shop")
  .replace("upstream api {", "upstream shop {")
  .replace("zone api 128k;", "zone shop 128k; # shared by all workers")
  .replace(
    "10.0.0.2:4000 max_fails=3 fail_timeout=5s;",
    "10.0.0.2:4000 max_fails=3 fail_timeout=5s;\n\t\tserver 10.0.0.3:4000 max_fails=3 fail_timeout=5s;",
  );

/** Static files beside the application, and a second application. */
const withSites = plain.replace(
  "    server {\n        listen 8080;",
  `    upstream reports {
        zone reports 64k;
        server 10.0.1.1:5000;
        keepalive 4;
        keepalive_timeout 30s;
    }

    server {
        listen 8081;
        root /srv/site;
        location / { try_files $uri /index.html; }
    }

    server {
        listen 8080;`,
);

/** A map, a conditional header and a named location. */
const withMap = plain
  .replace(
    "    keepalive_timeout 75s;\n\n",
    "    keepalive_timeout 75s;\n    map $http_upgrade $connection_upgrade { default upgrade; '' close; }\n    gzip on;\n\n",
  )
  .replace("        location / {\n", "        location /assets/ { root /srv; }\n        location / {\n");

export const nginxBases: readonly Base[] = [
  { name: "nginx", kind: "nginx", text: plain, alongside: { settings } },
  { name: "nginx with tabs and three servers", kind: "nginx", text: withTabs, alongside: { settings } },
  { name: "nginx with a static site and a second upstream", kind: "nginx", text: withSites, alongside: { settings } },
  { name: "nginx with a map", kind: "nginx", text: withMap, alongside: { settings } },
];

/** The start of the location for everything, in any indentation. */
const inLocation = /location \/ \{\s*\n(?=\s*proxy_pass)/;
const inServer = /listen 8080;\n/;
const inUpstream = /least_conn;\n/;
const unchangedRetry = "proxy_next_upstream error timeout;";
const after = (start: string, lines: string) => `${start}${lines}\n`;

export const nginxFaults: readonly Fault[] = [
  [
    "trap-nginx-cookie-no-affinity",
    /proxy_set_header Host \$host;/,
    ["proxy_set_header Host $host; proxy_set_header Cookie $http_cookie; proxy_cookie_path / '/; Secure';"],
    ["proxy_set_header Host $host; proxy_set_header Cookie $http_cookie;"],
  ],
  [
    "keep-alive-shorter-than-front",
    /keepalive_timeout 60s;/,
    ["keepalive_timeout 75s;", "keepalive_timeout 90s;", "keepalive_timeout 2m;"],
    ["keepalive_timeout 50s;", "keepalive_timeout 1m;", "keepalive_timeout 74s;"],
  ],
  [
    "deadline-request-longer-than-proxy",
    /proxy_read_timeout 20s;/,
    ["proxy_read_timeout 15s;", "proxy_read_timeout 5000ms;"],
    ["proxy_read_timeout 16s;", "proxy_read_timeout 30000ms;"],
  ],
  [
    "deadline-tries-longer-than-total",
    /proxy_connect_timeout 2s;/,
    ["proxy_connect_timeout 20s;", "proxy_connect_timeout 13s;"],
    ["proxy_connect_timeout 3s;", "proxy_connect_timeout 12s;"],
  ],
  [
    "deadline-tries-longer-than-client",
    /proxy_next_upstream_timeout 25s;/,
    ["proxy_next_upstream_timeout 90s;", "proxy_next_upstream_timeout 2m;"],
    ["proxy_next_upstream_timeout 30s;", "proxy_next_upstream_timeout 45s;"],
  ],
  [
    "drain-no-second-try",
    /proxy_next_upstream error timeout;/,
    ["proxy_next_upstream off;", "proxy_next_upstream timeout;"],
    ["proxy_next_upstream error;", "proxy_next_upstream timeout error;"],
  ],
  [
    "drain-no-second-try",
    /proxy_next_upstream_tries 2;/,
    ["proxy_next_upstream_tries 1;"],
    ["proxy_next_upstream_tries 3;"],
  ],
  [
    "release-shorter-than-request",
    /worker_shutdown_timeout 30s;/,
    ["worker_shutdown_timeout 10s;", "worker_shutdown_timeout 5000ms;"],
    ["worker_shutdown_timeout 15s;", "worker_shutdown_timeout 60s;"],
  ],
  [
    "budget-body-too-small",
    /client_max_body_size 5m;/,
    ["client_max_body_size 1m;", "client_max_body_size 512k;"],
    ["client_max_body_size 6m;", "client_max_body_size 5120k;"],
  ],
  [
    "budget-body-too-large",
    /client_max_body_size 5m;/,
    ["client_max_body_size 50m;", "client_max_body_size 0;"],
    ["client_max_body_size 8m;", "client_max_body_size 10m;"],
  ],
  [
    "budget-quarantine",
    /max_fails=3 fail_timeout=5s/,
    ["max_fails=3 fail_timeout=30s", "max_fails=3 fail_timeout=1m"],
    ["max_fails=3 fail_timeout=8s", "max_fails=0"],
  ],
  [
    "trap-nginx-retry-status",
    /proxy_next_upstream error timeout;/,
    ["proxy_next_upstream error timeout http_500;", "proxy_next_upstream error timeout http_502 http_503;"],
    [unchangedRetry, "proxy_next_upstream error timeout invalid_header;"],
  ],
  [
    "trap-nginx-retry-writes",
    /proxy_next_upstream error timeout;/,
    ["proxy_next_upstream error timeout non_idempotent;"],
    [unchangedRetry],
  ],
  [
    "trap-nginx-limit-status",
    /limit_req_status 429;/,
    ["limit_req_status 503;", "limit_req_status 444;", "# limit_req_status 429;"],
    ["limit_req_status  429;", "limit_req_log_level warn; limit_req_status 429;", "limit_req_status 429; # too many"],
  ],
  [
    "trap-nginx-limit-burst",
    /limit_req zone=auth burst=10 nodelay;/,
    ["limit_req zone=auth;", "limit_req zone=auth nodelay;"],
    ["limit_req zone=auth burst=5;", "limit_req zone=auth burst=20 delay=8;"],
  ],
  [
    "trap-nginx-limit-key",
    /\$binary_remote_addr zone=auth/,
    ["$http_x_forwarded_for zone=auth", "$http_x_api_key zone=auth", "$cookie_session zone=auth", "$arg_key zone=auth"],
    [
      "$remote_addr zone=auth",
      "$server_name zone=auth",
      "$binary_remote_addr  zone=auth",
      '"$binary_remote_addr$server_port" zone=auth',
    ],
  ],
  [
    "trap-nginx-address-leak",
    /add_header X-Frame-Options DENY always;/,
    ["add_header X-Upstream $upstream_addr always;", 'add_header X-Served-By "node $upstream_addr" always;'],
    ["add_header X-Cache $upstream_cache_status always;", 'add_header X-Served-By "node $hostname" always;'],
  ],
  [
    "trap-nginx-headers-lost",
    /proxy_set_header Host \$host;/,
    ["", "proxy_set_header X-Real-IP $remote_addr;"],
    ["proxy_set_header Host $http_host;", "proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr;"],
  ],
  [
    "trap-nginx-headers-lost",
    /proxy_set_header X-Forwarded-For \$remote_addr;/,
    [""],
    ["proxy_set_header x-forwarded-for $remote_addr;"],
  ],
  [
    "trap-nginx-headers-lost",
    inLocation,
    [after("location / {\n", "proxy_set_header X-Real-IP $remote_addr;")],
    [
      after(
        "location / {\n",
        "proxy_set_header X-Real-IP $remote_addr; proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;",
      ),
    ],
  ],
  ["trap-nginx-no-zone", /zone (?:api|shop) 128k;/, ["", "# zone api 128k;\n"], ["zone  other 64k;", "zone other 1m;"]],
  ["trap-nginx-header-not-always", /DENY always;/, ["DENY;", "SAMEORIGIN;"], ["SAMEORIGIN always;", "'DENY' always;"]],
  [
    "trap-nginx-header-shadowed",
    inLocation,
    [
      after("location / {\n", "add_header X-Cache HIT always;"),
      after("location / {\n", "add_header Cache-Control no-store;"),
    ],
    [
      after("location / {\n", "add_header X-Cache HIT always; add_header X-Frame-Options DENY always;"),
      after("location / {\n", "expires 1h;"),
    ],
  ],
  [
    "trap-xss-protection",
    inServer,
    [after("listen 8080;\n", 'add_header X-XSS-Protection "1; mode=block" always;')],
    [after("listen 8080;\n", "add_header X-XSS-Protection 0 always;")],
  ],
  [
    "trap-nginx-two-methods",
    inUpstream,
    ["least_conn;\nip_hash;\n", "least_conn;\nrandom;\n", "least_conn;\nhash $cookie_id;\n"],
    ["ip_hash;\n", "random two least_conn;\n", "hash $cookie_id consistent;\n"],
  ],
  [
    "trap-nginx-upstream-twice",
    /(?=upstream (?:api|shop) \{)/,
    ["upstream shop { zone other 64k; server 10.0.9.1:1; }\nupstream api { zone another 64k; server 10.0.9.1:1; }\n"],
    ["upstream other { zone other 64k; server 10.0.9.1:1; }\n"],
  ],
  [
    "trap-nginx-context",
    inServer,
    [
      after("listen 8080;\n", "limit_conn_zone $binary_remote_addr zone=c:1m;"),
      after("listen 8080;\n", "upstream inner { server 10.0.0.9:1; }"),
      after("listen 8080;\n", "map $uri $kind { default a; }"),
      after("listen 8080;\n", "worker_processes 2;"),
    ],
    [
      after("listen 8080;\n", "limit_rate 1m;"),
      after("listen 8080;\n", "location /inner { return 204; }"),
      after("listen 8080;\n", "set $kind a;"),
      after("listen 8080;\n", "server_name example.org;"),
    ],
  ],
  [
    "trap-nginx-foreign-directive",
    inUpstream,
    ["least_conn;\ncheck interval=3000 rise=2 fall=5;\n", "least_conn;\nsticky cookie srv; # nginx 1.24\n"],
    ["least_conn;\nkeepalive_requests 500;\n", "sticky cookie srv; # nginx 1.30\n"],
  ],
  [
    "trap-nginx-foreign-directive",
    inLocation,
    [after("location / {\n", "health_check interval=5s;")],
    [after("location / {\n", "proxy_buffering off;")],
  ],
  [
    "trap-nginx-no-resolver",
    inServer,
    [
      after("listen 8080;\n", "location /jobs { set $to jobs.internal; proxy_pass http://$to; }"),
      after("listen 8080;\n", "location /jobs { set $to jobs.internal:80; proxy_pass http://$to/; }"),
    ],
    [
      after("listen 8080;\n", "location /jobs { resolver 10.0.0.53; set $to jobs.internal; proxy_pass http://$to; }"),
      after("listen 8080;\n", "location /jobs { set $to 10.0.3.1:80; proxy_pass http://$to/; }"),
    ],
  ],
  [
    "trap-nginx-client-chooses",
    inServer,
    [
      after("listen 8080;\n", "resolver 10.0.0.53;\nlocation /any { proxy_pass http://$http_x_instance; }"),
      after("listen 8080;\n", "resolver 10.0.0.53;\nlocation /any { proxy_pass http://$arg_host; }"),
    ],
    [
      after("listen 8080;\n", "resolver 10.0.0.53;\nlocation /any { proxy_pass http://$proxy_host; }"),
      after("listen 8080;\n", "resolver 10.0.0.53;\nlocation /any { set $to any.internal; proxy_pass http://$to; }"),
    ],
  ],
  [
    "trap-nginx-health-prefix",
    inServer,
    [
      after("listen 8080;\n", "location /health { proxy_pass http://10.0.0.1:4000/ready; }"),
      after("listen 8080;\n", "location ^~ /healthz { proxy_pass http://10.0.0.1:4000/ready; }"),
    ],
    [
      after("listen 8080;\n", "location = /health { proxy_pass http://10.0.0.1:4000/ready; }"),
      after("listen 8080;\n", "location ^~ /healthz { proxy_pass http://10.0.0.1:4000/healthz; }"),
    ],
  ],
  [
    "trap-header-colon",
    /proxy_set_header X-Forwarded-Proto \$scheme;/,
    ["proxy_set_header X-Forwarded-Proto: $scheme;"],
    ["proxy_set_header X-Forwarded-Proto '$scheme';"],
  ],
  [
    "trap-header-colon",
    /add_header X-Frame-Options DENY always;/,
    ["add_header X-Frame-Options: DENY always;"],
    ["add_header X-Frame-Options 'DENY' always;"],
  ],
  [
    "budget-upload-location",
    inServer,
    [
      after("listen 8080;\n", "location /upload { client_max_body_size 1m; proxy_pass http://10.0.0.1:4000; }"),
      after("listen 8080;\n", "location /api/photos/ { client_max_body_size 2m; proxy_pass http://10.0.0.1:4000; }"),
    ],
    [
      after("listen 8080;\n", "location /upload { client_max_body_size 8m; proxy_pass http://10.0.0.1:4000; }"),
      after("listen 8080;\n", "location /api/search/ { client_max_body_size 2m; proxy_pass http://10.0.0.1:4000; }"),
    ],
  ],
  [
    "trap-nginx-newer-feature",
    inServer,
    [after("listen 8080;\n", "http2 on; # nginx 1.24"), after("listen 8080;\n", "http2 on; # for nginx 1.22.1")],
    [after("listen 8080;\n", "http2 on; # nginx 1.26"), after("listen 8080;\n", "http2 on;")],
  ],
];
