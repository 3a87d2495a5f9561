import { type RealisticConfig, suiteOfConfigs } from "../../support/realistic-configs.ts";

const settings = "REQUEST_TIMEOUT_MS=15000\nDRAIN_DELAY_MS=8000\n";
const check = "check inter 2s fastinter 500ms fall 2";

type Parts = {
  global?: string;
  defaults?: string;
  frontend?: string;
  back?: string;
  app2?: string;
  behind?: string;
};

const configuration = ({
  global = "",
  defaults = "",
  frontend = "",
  back = "",
  app2 = check,
  behind = "",
}: Parts) => `global
  stats socket /run/haproxy.sock level admin
  ${global}
defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 20s
  timeout check 1s
  retries 2
  ${defaults}
frontend web
  bind :80
  ${frontend}
  default_backend api
backend api
  option httpchk GET /ready
  ${back}
  server app1 app1:4000 ${check}
  server app2 app2:4000 ${app2}
${behind}`;

const config = (name: string, parts: Parts, finds: RealisticConfig["finds"]): RealisticConfig => ({
  name,
  texts: { haproxy: configuration(parts), settings },
  finds,
});

const inherited = (server: string) => `global
  stats socket /run/haproxy.sock level admin
defaults base
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server ${server}
defaults quick from base
  timeout check 1s
backend api from quick
  option httpchk GET /ready
  server app1 app1:4000 ${check}
`;

suiteOfConfigs("realistic HAProxy files", [
  config("a valid configuration", {}, []),
  {
    name: "defaults that inherit from other defaults",
    texts: { haproxy: inherited("20s"), settings },
    finds: [],
  },
  {
    name: "a timeout that is inherited through two defaults sections",
    texts: { haproxy: inherited("6s"), settings },
    finds: [["deadline-request-longer-than-proxy", "timeout server 6s"]],
  },
  config("a timeout of zero means without limit", { defaults: "timeout server 0" }, [
    ["deadline-none", "timeout server 0"],
  ]),
  config(
    "a server that tracks another one is not checked itself",
    { behind: "backend more\n  server a app1:4000 track api/app1\n" },
    [],
  ),
  config("a disabled server needs no check", { app2: "disabled" }, []),
  config("affinity by address", { back: "balance source" }, [["drain-no-redispatch", "balance source"]]),
  config("affinity by address, with redispatch", { back: "balance source\n  option redispatch" }, []),
  config(
    "a redispatch that is disabled again",
    { defaults: "option redispatch", back: "no option redispatch\n  cookie S insert indirect" },
    [["drain-no-redispatch", "cookie S insert indirect"]],
  ),
  config(
    "a stick table with its options in another order",
    { frontend: "bind :::81\n  stick-table size 1m type ip expire 30s store gpc0" },
    [["trap-haproxy-ipv4-table", "stick-table size 1m type ip expire 30s store gpc0"]],
  ),
  config("statistics in a backend", { back: "stats enable" }, [["trap-haproxy-stats-open", "stats enable"]]),
  config("statistics in defaults", { defaults: "stats uri /stats" }, [["trap-haproxy-stats-open", "stats uri /stats"]]),
  config(
    "statistics in a backend that only listens on loopback",
    { behind: "frontend own\n  bind 127.0.0.1:8404\n  default_backend own\nbackend own\n  stats enable\n" },
    [],
  ),
  config(
    "statistics for internal addresses only",
    {
      behind:
        "listen own\n  bind :8404\n  acl house src 10.0.0.0/8\n  http-request deny unless house\n  stats enable\n",
    },
    [],
  ),
  {
    name: "a read-only stats socket",
    texts: { haproxy: configuration({}).replace(" level admin", ""), settings },
    finds: [["trap-haproxy-no-socket", "stats socket /run/haproxy.sock"]],
  },
  config(
    "forwardfor in defaults, with a frontend that removes the client's header",
    { defaults: "option forwardfor", frontend: "http-request del-header X-Forwarded-For" },
    [],
  ),
  config(
    "forwardfor in defaults, with one of two frontends that keeps the client's header",
    {
      defaults: "option forwardfor",
      frontend: "http-request del-header X-Forwarded-For",
      behind: "frontend other\n  bind :81\n  default_backend api\n",
    },
    [["trap-forwarded-for-appended", "option forwardfor"]],
  ),
  {
    name: "hard-stop-after only",
    texts: { haproxy: "global\n  hard-stop-after 5s\n" },
    finds: [["release-shorter-than-request", "hard-stop-after 5s"]],
  },
  config(
    "a body limit with http-request return",
    { frontend: "http-request return status 413 if { req.body_size gt 1000000 }" },
    [["budget-body-too-small", "http-request return status 413 if { req.body_size gt 1000000 }"]],
  ),
  config(
    "a body limit with a header that is converted to a number",
    { frontend: "http-request deny if { req.hdr(content-length),int gt 1000000 }" },
    [["budget-body-too-small", "http-request deny if { req.hdr(content-length),int gt 1000000 }"]],
  ),
  config(
    "a body limit with the old name of a fetch method",
    { frontend: "http-request deny if { hdr_val(Content-Length) gt 1000000 }" },
    [["budget-body-too-small", "http-request deny if { hdr_val(Content-Length) gt 1000000 }"]],
  ),
  config(
    "a body limit with a named ACL",
    { frontend: "acl large req.hdr_val(content-length) gt 1000000\n  http-request deny deny_status 413 if large" },
    [["budget-body-too-small", "http-request deny deny_status 413 if large"]],
  ),
]);
