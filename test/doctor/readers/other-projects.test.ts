import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { diagnoseTexts, rulesIn, type Texts } from "../support/diagnose.ts";

// Files like those of other projects: the same values and structure, with names of our own.

type Shape = {
  name: string;
  texts: Texts;
  more?: Readonly<Record<string, string>>;
  finds: readonly string[];
  notUnderstood?: RegExp;
};

const shapes: readonly Shape[] = [
  {
    name: "nginx.conf of a distribution, with its sites in other files",
    texts: {
      nginx: `user www-data;
worker_processes auto;
include /etc/nginx/modules-enabled/*.conf;
events { worker_connections 768; }
http {
	sendfile on;
	include /etc/nginx/mime.types;
	ssl_protocols TLSv1.2 TLSv1.3;
	gzip on;
	include /etc/nginx/conf.d/*.conf;
}
`,
    },
    finds: [],
    notUnderstood: /include \/etc\/nginx\/conf\.d\/\*\.conf: not found/,
  },
  {
    name: "nginx.conf of a distribution with a site in its folder",
    texts: { nginx: "worker_processes 1;\nevents {}\nhttp {\n  include /etc/nginx/conf.d/*.conf;\n}\n" },
    more: {
      "conf.d/site.conf":
        "server {\n  location / {\n    proxy_set_header Host $host;\n    proxy_pass http://127.0.0.1:3000;\n  }\n}\n",
    },
    finds: ["trap-nginx-headers-lost"],
  },
  {
    name: "a site for a Node server with WebSockets, like in many blog posts",
    texts: {
      nginx: `upstream backend { server 10.0.0.1:3000; server 10.0.0.2:3000; keepalive 64; }
server {
  listen 443 ssl;
  location / {
    proxy_pass http://backend;
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection 'upgrade';
    proxy_set_header Host $host;
    proxy_cache_bypass $http_upgrade;
  }
}
`,
      settings: "KEEP_ALIVE_TIMEOUT_MS=5000\n",
    },
    finds: ["keep-alive-shorter-than-front", "trap-nginx-headers-lost", "trap-nginx-no-zone"],
  },
  {
    name: "a PHP site",
    texts: {
      nginx:
        "server {\n  listen 80;\n  location ~ \\.php$ { include snippets/fastcgi-php.conf; fastcgi_pass unix:/run/php.sock; }\n}\n",
    },
    finds: [],
    notUnderstood: /fastcgi_pass: only proxy_pass is understood/,
  },
  {
    name: "nginx with Lua, and timeouts in variables",
    texts: {
      nginx: `http {
  init_by_lua_block { local t = { a = "}" } if t then print("{") end }
  upstream api { zone api 1m; server a:1; server b:1; }
  server {
    proxy_read_timeout $wait;
    client_max_body_size 5m;
    proxy_connect_timeout 1s;
    location ~ "^/v[0-9]{1,2}/" {
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_pass http://api;
    }
  }
}
`,
    },
    finds: [],
    notUnderstood: /proxy_read_timeout \$wait: contains a variable/,
  },
  {
    name: "haproxy.cfg of a distribution with two web servers and a database",
    texts: {
      haproxy: `global
	log /dev/log	local0
	stats socket /run/haproxy/admin.sock mode 660 level admin
	daemon
defaults
	log	global
	mode	http
        timeout connect 5000
        timeout client  50000
        timeout server  50000
frontend http-in
    bind *:80
    default_backend servers
    option forwardfor
backend servers
    balance roundrobin
    server web1 192.168.1.10:8080 check
    server web2 192.168.1.11:8080 check
listen mysql
    bind *:3306
    mode tcp
    option mysql-check user haproxy
    server db1 10.0.0.5:3306 check
`,
    },
    finds: ["drain-check-blind"],
    notUnderstood: /listen mysql is in mode tcp/,
  },
  {
    name: "a tutorial with a Deployment, a Service and Redis",
    texts: {
      kubernetes: `apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Service
  metadata: {name: frontend}
  spec: {type: LoadBalancer, ports: [{port: 80}], selector: {app: guestbook}}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: frontend}
  spec:
    replicas: 3
    selector: {matchLabels: {app: guestbook}}
    template:
      metadata: {labels: {app: guestbook}}
      spec: {containers: [{name: web, image: "example/frontend:v5", ports: [{containerPort: 80}]}]}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: redis-leader}
  spec:
    selector: {matchLabels: {app: redis}}
    template:
      metadata: {labels: {app: redis}}
      spec: {containers: [{name: leader, image: "redis:6.0.5", ports: [{containerPort: 6379}]}]}
`,
    },
    finds: ["budget-no-memory-limit", "trap-kubernetes-no-readiness-probe", "trap-kubernetes-no-disruption-budget"],
  },
  {
    name: "the Compose file of a web framework with a worker and variables",
    texts: {
      compose: `version: "3.8"
x-base: &base
  restart: unless-stopped
services:
  web:
    <<: *base
    build: .
    ports: ["\${PORT:-8000}:8000"]
    env_file: .env.prod
    environment:
      - DATABASE_URL=postgres://u:p@db/app
    depends_on: [db, cache]
  worker:
    <<: *base
    build: .
    command: celery worker
  db: { image: "postgres:15-alpine" }
  cache: { image: "redis:7" }
  nginx:
    image: nginx:alpine
    ports: ["80:80", "443:443"]
    depends_on: [web]
volumes: { pg: {} }
`,
    },
    finds: [],
    notUnderstood: /env_file \.env\.prod: not found/,
  },
  {
    name: "a CloudFormation stack whose ALB is defined by functions",
    texts: {
      alb: `AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Timeout: { Type: Number }
Conditions:
  IsProd: !Equals [!Ref "AWS::Region", eu-west-1]
Resources:
  TG:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties:
      TargetType: ip
      HealthCheckPath: !Sub "/\${AWS::StackName}/health"
      HealthCheckIntervalSeconds: !If [IsProd, 10, 30]
      HealthCheckTimeoutSeconds: !Ref Timeout
  ALB:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: { Subnets: !Split [",", !ImportValue subnets] }
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties: { Protocol: HTTPS, LoadBalancerArn: { "Fn::GetAtt": [ALB, Arn] } }
`,
    },
    finds: [],
    notUnderstood: /HealthCheckIntervalSeconds: the value is not known/,
  },
  {
    name: "a network load balancer",
    texts: {
      alb: "Resources:\n  TG:\n    Type: AWS::ElasticLoadBalancingV2::TargetGroup\n    Properties: { Protocol: TCP, TargetType: ip }\n",
    },
    finds: [],
    notUnderstood: /target group with protocol TCP/,
  },
  {
    name: "an Ingress of an unknown controller",
    texts: {
      kubernetes:
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: { name: web }\nspec: { ingressClassName: traefik, rules: [] }\n",
    },
    finds: [],
    notUnderstood: /the class traefik is unknown/,
  },
  {
    name: "a Prometheus that scrapes every 5 s",
    texts: {
      prometheus:
        "global: { scrape_interval: 5s }\nrule_files: [alerts/*.yml]\nscrape_configs:\n  - { job_name: node }\n",
    },
    more: {
      "alerts/a.yml":
        "groups:\n- name: a\n  rules:\n  - { alert: Slow, expr: 'histogram_quantile(0.99, sum(rate(x_bucket[1m])) by (le)) > 1' }\n  - { alert: Quick, expr: 'irate(x_total[15s]) > 1' }\n",
    },
    finds: ["budget-rate-window"],
  },
  {
    name: "a Render Blueprint with a worker and a static site",
    texts: {
      render:
        "services:\n  - { type: web, name: site, runtime: static }\n  - { type: worker, name: jobs }\n  - { type: web, name: api, runtime: node, plan: free }\n",
    },
    finds: ["trap-platform-no-health-path"],
  },
  {
    name: "a minimal Railway file",
    texts: { railway: '{"$schema":"https://railway.com/railway.schema.json","deploy":{"startCommand":"node ."}}' },
    finds: ["trap-platform-no-health-path"],
  },
];

suite("files like those of other projects", () => {
  for (const { name, texts, more = {}, finds, notUnderstood } of shapes) {
    test(name, () => {
      const diagnosis = diagnoseTexts(texts, more, "unknown");
      assert.deepEqual(diagnosis.unreadable, []);
      assert.deepEqual([...new Set(rulesIn(diagnosis))].sort(), [...finds].sort());
      const notes = diagnosis.notUnderstood.map(({ text }) => text).join("\n");
      if (notUnderstood === undefined) assert.equal(notes, "");
      else assert.match(notes, notUnderstood);
    });
  }
});
