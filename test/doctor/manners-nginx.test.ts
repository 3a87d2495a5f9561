import { type Manner, suiteOfManners } from "./support/manners.ts";

const headers =
  "proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;";

const leak = `add_header X-By "from $${"{upstream_addr}"}" always;`;

type Parts = { http?: string; upstream?: string; server?: string; location?: string; behind?: string };

const configuration = ({ http = "", upstream = "", server = "", location = "", behind = "" }: Parts) => `events {}
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
${behind}`;

const manner = (name: string, parts: Parts, finds: Manner["finds"]): Manner => ({
  name,
  texts: { nginx: configuration(parts) },
  finds,
});

suiteOfManners("nginx, as people write it", [
  manner("nothing wrong", {}, []),
  manner(
    "connections that are passed on as they are, beside it",
    {
      behind:
        "stream {\n  upstream api { server db:5432; server db2:5432; }\n  server { listen 5432; proxy_connect_timeout 40s; proxy_pass api; }\n}\n",
    },
    [],
  ),
  manner("proxy_pass outside of a location", { server: "proxy_pass http://api;" }, [
    ["trap-nginx-context", "proxy_pass http://api;"],
  ]),
  manner("one try is no second try", { server: "proxy_next_upstream_tries 1;" }, [
    ["drain-no-second-try", "proxy_next_upstream_tries 1;"],
  ]),
  manner("an address inside other words", { server: leak }, [["trap-nginx-address-leak", leak]]),
  manner(
    "what the client claims, passed on as it is",
    { location: `${headers.replace("$remote_addr", "$http_x_forwarded_for")}` },
    [["trap-forwarded-for-appended", headers.replace("$remote_addr", "$http_x_forwarded_for")]],
  ),
  manner(
    "a cookie that chooses between two applications",
    {
      http: "upstream next { zone next 64k; server next1:4000; }\n  map $cookie_beta $pool { default api; yes next; }",
      location: "proxy_pass http://$pool;\n    }\n    location /other {",
    },
    [],
  ),
  manner(
    "a header that chooses one instance of the same application",
    {
      http: "upstream one { zone one 64k; server app1:4000; }\n  map $http_x_instance $pool {\n default api; one one; }",
      location: "proxy_pass http://$pool;\n    }\n    location /other {",
    },
    [["trap-nginx-client-chooses", "map $http_x_instance $pool {"]],
  ),
  manner("Permissions-Policy is a security header as well", { server: "add_header Permissions-Policy camera=();" }, [
    ["trap-nginx-header-not-always", "add_header Permissions-Policy camera=();"],
  ]),
  manner(
    "a limit by a map that gives the header back",
    {
      http: "limit_req_status 429;\n  map $http_x_key $key { default $http_x_key; }\n  limit_req_zone $key zone=a:1m rate=9r/s;",
    },
    [["trap-nginx-limit-key", "limit_req_zone $key zone=a:1m rate=9r/s;"]],
  ),
  manner(
    "a limit that spares some by a map",
    {
      http: 'map $http_x_key $key { default $binary_remote_addr; known ""; }\n  limit_req_zone $key zone=a:1m rate=9r/s;',
    },
    [],
  ),
  manner(
    "flags of cookies that look like affinity",
    { location: `${headers}\n      proxy_set_header Cookie $http_cookie;\n      proxy_cookie_path / "/; Secure";` },
    [["trap-nginx-cookie-no-affinity", "proxy_set_header Cookie $http_cookie;"]],
  ),
  manner(
    "the same with a real affinity",
    {
      upstream: "hash $cookie_route consistent;",
      location: `${headers}\n      proxy_set_header Cookie $http_cookie;\n      proxy_cookie_path / "/; Secure";`,
    },
    [],
  ),
]);
