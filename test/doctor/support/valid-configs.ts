// Small valid configurations. The tests break them one line at a time.

export const settings = `NODE_ENV=production
KEEP_ALIVE_TIMEOUT_MS=75000
REQUEST_TIMEOUT_MS=15000
HEALTH_CHECK_TIMEOUT=2000
DRAIN_DELAY_MS=15000
DRAIN_LINGER_MS=3000
SHUTDOWN_TIMEOUT_MS=25000
DB_POOL_MAX=6
`;

export const nginx = `worker_processes auto;
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
        server app1:4000 max_fails=3 fail_timeout=5s;
        server app2:4000 max_fails=3 fail_timeout=5s;
        keepalive 32;
        keepalive_timeout 60s;
    }

    server {
        listen 80;
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
            proxy_read_timeout 2s;
            proxy_pass http://api;
        }
        location /api/v1/auth/ {
            limit_req zone=auth burst=10 nodelay;
            proxy_pass http://api;
        }
        location / {
            proxy_pass http://api;
        }
    }
}
`;

export const haproxy = `global
    maxconn 4096
    stats socket /var/run/haproxy.sock mode 600 level admin expose-fd listeners
    hard-stop-after 60s

defaults
    mode http
    timeout http-request 10s
    timeout http-keep-alive 75s
    timeout client 80s
    timeout connect 2s
    timeout server 20s

frontend web
    bind :80
    http-request track-sc0 src,ipmask(32,64) table limits
    http-request deny status 429 hdr Retry-After 10 if { sc0_http_req_rate gt 100 }
    http-request deny status 413 if { req.hdr_val(content-length) gt 5242880 }
    http-request set-header X-Forwarded-For %[src]
    default_backend api

backend api
    balance leastconn
    option httpchk
    http-check send meth GET uri /ready ver HTTP/1.1 hdr Host api
    http-check expect status 200
    timeout check 1s
    option redispatch 1
    retries 2
    retry-on conn-failure empty-response
    http-request disable-l7-retry unless { method GET HEAD OPTIONS }
    default-server check inter 2s fastinter 500ms fall 2 rise 2
    server app1 app1:4000
    server app2 app2:4000

backend limits
    stick-table type ipv6 size 100k expire 30s store http_req_rate(10s)

listen stats
    bind 127.0.0.1:8404
    stats enable
    stats uri /stats
`;

export const kubernetes = `apiVersion: v1
kind: ConfigMap
metadata:
  name: api-config
data:
  KEEP_ALIVE_TIMEOUT_MS: "75000"
  HEALTH_CHECK_TIMEOUT: "2000"
  DRAIN_DELAY_MS: "15000"
  DB_POOL_MAX: "6"
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
spec:
  selector:
    matchLabels: { app: api }
  strategy:
    rollingUpdate:
      maxSurge: 1
  template:
    metadata:
      labels: { app: api }
    spec:
      terminationGracePeriodSeconds: 60
      containers:
        - name: api
          image: registry.example/team/api:1.4.2
          ports:
            - { name: http, containerPort: 4000 }
          envFrom:
            - configMapRef: { name: api-config }
          env:
            - name: NODE_OPTIONS
              value: --max-old-space-size=384
          resources:
            requests: { cpu: 500m, memory: 512Mi }
            limits:
              memory: 512Mi
          startupProbe:
            httpGet: { path: /startup, port: http }
            periodSeconds: 5
            timeoutSeconds: 3
            failureThreshold: 60
          readinessProbe:
            httpGet: { path: /ready, port: http }
            periodSeconds: 5
            timeoutSeconds: 4
          livenessProbe:
            httpGet: { path: /alive, port: http }
            periodSeconds: 10
            timeoutSeconds: 6
---
apiVersion: v1
kind: Service
metadata:
  name: api
spec:
  type: ClusterIP
  selector: { app: api }
  ports: [{ port: 80, targetPort: http }]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: api
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: api }
  minReplicas: 3
  maxReplicas: 10
  metrics:
    - type: Resource
      resource: { name: cpu, target: { type: Utilization, averageUtilization: 70 } }
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: api
spec:
  maxUnavailable: 1
  selector:
    matchLabels: { app: api }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: api
  annotations:
    nginx.ingress.kubernetes.io/proxy-body-size: 5m
    nginx.ingress.kubernetes.io/proxy-read-timeout: "30"
spec:
  ingressClassName: nginx
  rules:
    - http:
        paths:
          - path: /
            pathType: Prefix
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: api
spec:
  rules:
    - timeouts:
        request: 40s
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: api
spec:
  endpoints:
    - port: http
      interval: 15s
      scrapeTimeout: 10s
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: api
spec:
  groups:
    - name: api
      rules:
        - alert: Errors
          expr: sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > 0.05
        - alert: Slow
          expr: histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5m]))) > 1
`;

export const albIngress = `${kubernetes}---
apiVersion: v1
kind: Namespace
metadata:
  name: api
  labels:
    elbv2.k8s.aws/pod-readiness-gate-inject: enabled
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: outside
  annotations:
    alb.ingress.kubernetes.io/target-type: ip
    alb.ingress.kubernetes.io/healthcheck-path: /ready
    alb.ingress.kubernetes.io/healthcheck-interval-seconds: "5"
    alb.ingress.kubernetes.io/healthcheck-timeout-seconds: "4"
    alb.ingress.kubernetes.io/unhealthy-threshold-count: "2"
    alb.ingress.kubernetes.io/target-group-attributes: deregistration_delay.timeout_seconds=30
    alb.ingress.kubernetes.io/load-balancer-attributes: idle_timeout.timeout_seconds=60
spec:
  ingressClassName: alb
`;

export const compose = `services:
  proxy:
    image: nginx:1.29
    ports: ["80:80"]
    depends_on:
      app1: { condition: service_healthy }
      app2: { condition: service_healthy }
  app1: &app
    image: api:1.4.2
    expose: ["4000"]
    restart: unless-stopped
    stop_grace_period: 45s
    mem_limit: 512m
    environment:
      DRAIN_DELAY_MS: "8000"
      DB_POOL_MAX: "10"
      NODE_OPTIONS: --max-old-space-size=384
    healthcheck:
      test: ["CMD", "curl", "-fsS", "http://127.0.0.1:4000/ready"]
      interval: 5s
      timeout: 4s
  app2:
    <<: *app
  postgres:
    image: postgres:17.6
    command: postgres -c max_connections=100
  grafana:
    image: grafana/grafana:12.0.0
    ports: ["3000:3000"]
`;

/** Fixed addresses, so that nginx may resolve the names once. */
export const composeWithAddresses = compose.replace(
  "    expose:",
  "    networks: { front: { ipv4_address: 10.5.0.2 } }\n    expose:",
);

export const alb = `Parameters:
  Idle: { Type: Number, Default: 60 }
Resources:
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties:
      LoadBalancerAttributes:
        - { Key: idle_timeout.timeout_seconds, Value: !Ref Idle }
  Secure:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties: { Port: 443, Protocol: HTTPS }
  Plain:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      Port: 80
      Protocol: HTTP
      DefaultActions: [{ Type: redirect }]
  Targets:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties:
      TargetType: ip
      Protocol: HTTP
      HealthCheckPath: /ready
      HealthCheckIntervalSeconds: 5
      HealthCheckTimeoutSeconds: 4
      UnhealthyThresholdCount: 2
      TargetGroupAttributes:
        - Key: deregistration_delay.timeout_seconds
          Value: "30"
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions:
        - Name: api
          Image: api:1.4.2
          PortMappings: [{ ContainerPort: 4000 }]
          Memory: 512
          StopTimeout: 60
          Environment:
            - { Name: DRAIN_DELAY_MS, Value: "15000" }
            - { Name: NODE_OPTIONS, Value: --max-old-space-size=384 }
`;

/** Instances that no ECS service and no Auto Scaling group deregisters. */
export const albInstances = `${alb.slice(0, alb.indexOf("  Task:"))}Outputs:
  Settings:
    Value: DRAIN_DELAY_MS=15000 KEEP_ALIVE_TIMEOUT_MS=75000
`;

export const albFargate = `${alb.replace("      ContainerDefinitions", "      NetworkMode: awsvpc\n      ContainerDefinitions")}  Service:
    Type: AWS::ECS::Service
    Properties:
      TaskDefinition: !Ref Task
      LoadBalancers: [{ ContainerName: api, ContainerPort: 4000, TargetGroupArn: !Ref Targets }]
`;

export const render = `services:
  - type: web
    name: api
    plan: standard
    numInstances: 3
    maxShutdownDelaySeconds: 60
    healthCheckPath: /ready
    envVars:
      - key: DB_POOL_MAX
        value: "10"
      - key: NODE_OPTIONS
        value: --max-old-space-size=1024
`;

export const railway = `{
  "deploy": {
    "numReplicas": 3,
    "drainingSeconds": 60,
    "healthcheckPath": "/ready"
  }
}
`;

export const pgbouncer = `[databases]
app = host=db port=5432 dbname=app pool_size=20
jobs = host=db port=5432 dbname=jobs

[pgbouncer]
listen_port = 6432
pool_mode = transaction
max_client_conn = 500
default_pool_size = 10
reserve_pool_size = 5
`;

export const prometheus = `global:
  scrape_interval: 15s
  scrape_timeout: 10s
rule_files:
  - rules/*.yml
scrape_configs:
  - job_name: api
    static_configs: [{ targets: ["app1:4000"] }]
`;

export const prometheusRules = `groups:
  - name: api
    rules:
      - alert: Errors
        expr: |
          sum(rate(http_requests_total{job="api", status=~"5.."}[5m]))
            / sum(rate(http_requests_total{job="api"}[5m])) > 0.05
      - alert: Slow
        expr: histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[1m]))) > 1
`;
