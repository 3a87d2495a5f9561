import { type RealisticConfig, suiteOfConfigs } from "../../support/realistic-configs.ts";

const headers =
  "proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;";

const leak = `add_header X-By "from $${"{upstream_addr}"}" always;`;

type Parts = { http?: string; upstream?: string; server?: string; location?: string; afterHttp?: string };

const configuration = ({ http = "", upstream = "", server = "", location = "", afterHttp = "" }: Parts) => `events {}
http {
  client_max_body_size 5m;
  proxy_connect_timeout 2s;
  ${http}
  upstream api {
    zone api 64k;
    ${upstream}
    server app1:4000;
    server app2:4000;
  }
  server {
    ${headers}
    ${server}
    location / {
      ${location}
      proxy_pass http://api;
    }
  }
}
${afterHttp}`;

const config = (name: string, parts: Parts, finds: RealisticConfig["finds"]): RealisticConfig => ({
  name,
  texts: { nginx: configuration(parts) },
  finds,
});

const fragment = (
  name: string,
  nginx: string,
  finds: RealisticConfig["finds"],
  notUnderstood?: RegExp,
): RealisticConfig => ({
  name,
  texts: { nginx },
  finds,
  ...(notUnderstood === undefined ? {} : { notUnderstood }),
});
const site = (http: string, location: string, upstream = "zone api 64k;") =>
  `http {\n${http}\n  upstream api { ${upstream} server app1:4000; server app2:4000; }\n  server {\n    location / {\n      ${location}\n      proxy_pass http://api;\n    }\n  }\n}\n`;
const body = "client_max_body_size 5m;";
const cookies = "proxy_set_header Cookie $http_cookie; proxy_cookie_flags ~ secure;";

suiteOfConfigs("a missing include makes its directives unknown", [
  fragment(
    "Debian's proxy_params in a location",
    site(body, "include proxy_params;"),
    [],
    /^include proxy_params: not found/,
  ),
  fragment(
    "Debian's proxy_params next to a proxy_set_header",
    site(body, "proxy_set_header X-A b; include proxy_params;"),
    [],
    /^include/,
  ),
  fragment("a missing include in http", site("include common.conf;", ""), [], /^include common\.conf: not found/),
  fragment(
    "a directive in an inner block applies in spite of a missing include",
    site("include common.conf;", "proxy_next_upstream off; client_max_body_size 1m;"),
    [
      ["drain-no-second-try", "proxy_next_upstream off; client_max_body_size 1m;"],
      ["budget-body-too-small", "proxy_next_upstream off; client_max_body_size 1m;"],
    ],
    /^include/,
  ),
  fragment(
    "a missing include in an upstream",
    site(body, headers, "keepalive 8; include upstream.conf;"),
    [],
    /^include/,
  ),
  fragment(
    "cookies with a missing include in the upstream",
    site(body, `${headers} ${cookies}`, "zone api 64k; include more.conf;"),
    [],
    /^include/,
  ),
  fragment(
    "a limit status and security headers that may be in a missing include",
    "limit_req_zone $binary_remote_addr zone=a:1m rate=9r/s;\nserver {\n  add_header X-Frame-Options DENY always;\n  include site.conf;\n  location / { limit_req zone=a burst=5; add_header X-A b; include headers.conf; }\n}\n",
    [],
    /^include/,
  ),
  fragment(
    "set_real_ip_from and a resolver that may be in a missing include",
    "server {\n  include site.conf;\n  location / { proxy_set_header Host $host; proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_pass http://$host; }\n}\n",
    [],
    /^include/,
  ),
  fragment(
    "a missing include outside of http does not make the directives of http unknown",
    `include modules-enabled/*.conf;\nevents {}\n${site("", headers)}`,
    [["budget-body-too-small", "location / {"]],
    /^include modules-enabled/,
  ),
]);

suiteOfConfigs("realistic nginx files", [
  config("a valid configuration", {}, []),
  fragment("two servers without timeouts", site(body, headers), []),
  fragment(
    "a long connect timeout in a probe location",
    site(body, `${headers} proxy_pass http://api; }\n    location = /ready { ${headers} proxy_connect_timeout 40s;`),
    [],
  ),
  fragment("a long connect timeout", site(body, `${headers} proxy_connect_timeout 40s;`), [
    ["deadline-tries-longer-than-client", `${headers} proxy_connect_timeout 40s;`],
  ]),
  fragment(
    "worker_shutdown_timeout only",
    "worker_shutdown_timeout 5s;\nevents {}\nhttp {}\n",
    [["release-shorter-than-request", "worker_shutdown_timeout 5s;"]],
    /forwards no requests/,
  ),
  config(
    "a stream block next to http",
    {
      afterHttp:
        "stream {\n  upstream api { server db:5432; server db2:5432; }\n  server { listen 5432; proxy_connect_timeout 40s; proxy_pass api; }\n}\n",
    },
    [],
  ),
  config("proxy_pass outside of a location", { server: "proxy_pass http://api;" }, [
    ["trap-nginx-context", "proxy_pass http://api;"],
  ]),
  config("proxy_next_upstream_tries 1 means no retry", { server: "proxy_next_upstream_tries 1;" }, [
    ["drain-no-second-try", "proxy_next_upstream_tries 1;"],
  ]),
  config("an upstream address as a part of a header", { server: leak }, [["trap-nginx-address-leak", leak]]),
  config(
    "X-Forwarded-For of the client, passed on unchanged",
    { location: `${headers.replace("$remote_addr", "$http_x_forwarded_for")}` },
    [["trap-forwarded-for-appended", headers.replace("$remote_addr", "$http_x_forwarded_for")]],
  ),
  config(
    "a cookie that selects between two applications",
    {
      http: "upstream next { zone next 64k; server next1:4000; }\n  map $cookie_beta $pool { default api; yes next; }",
      location: "proxy_pass http://$pool;\n    }\n    location /other {",
    },
    [],
  ),
  config(
    "a header that selects an instance of one application",
    {
      http: "upstream one { zone one 64k; server app1:4000; }\n  map $http_x_instance $pool {\n default api; one one; }",
      location: "proxy_pass http://$pool;\n    }\n    location /other {",
    },
    [["trap-nginx-client-chooses", "map $http_x_instance $pool {"]],
  ),
  config("Permissions-Policy is a security header", { server: "add_header Permissions-Policy camera=();" }, [
    ["trap-nginx-header-not-always", "add_header Permissions-Policy camera=();"],
  ]),
  config(
    "a limit key from a map that returns the header",
    {
      http: "limit_req_status 429;\n  map $http_x_key $key { default $http_x_key; }\n  limit_req_zone $key zone=a:1m rate=9r/s;",
    },
    [["trap-nginx-limit-key", "limit_req_zone $key zone=a:1m rate=9r/s;"]],
  ),
  config(
    "a limit key from a map that exempts some clients",
    {
      http: 'map $http_x_key $key { default $binary_remote_addr; known ""; }\n  limit_req_zone $key zone=a:1m rate=9r/s;',
    },
    [],
  ),
  config(
    "cookie flags that look like affinity",
    { location: `${headers}\n      proxy_set_header Cookie $http_cookie;\n      proxy_cookie_path / "/; Secure";` },
    [["trap-nginx-cookie-no-affinity", "proxy_set_header Cookie $http_cookie;"]],
  ),
  config(
    "cookie flags with a hash in the upstream",
    {
      upstream: "hash $cookie_route consistent;",
      location: `${headers}\n      proxy_set_header Cookie $http_cookie;\n      proxy_cookie_path / "/; Secure";`,
    },
    [],
  ),
]);
