// Small files for the examples of the rules. Each rule changes the part that it checks.

export const alb = (balancer = "", group = "", attribute = ""): string => `Resources:
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties:
      LoadBalancerAttributes: [${balancer}]
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties: { Protocol: HTTPS, Port: 443 }
  Targets:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties:
      TargetType: ip
      HealthCheckPath: /ready
      ${group}
      TargetGroupAttributes: [${attribute}]
`;

export const pod = (container: string, pods = "", spec = ""): string => `apiVersion: apps/v1
kind: Deployment
metadata: { name: api }
spec:
  selector: { matchLabels: { app: api } }
  ${spec}
  template:
    metadata: { labels: { app: api } }
    spec:
      ${pods}
      containers:
        - name: api
          image: api:1.0
          ports: [{ containerPort: 4000 }]
          ${container}
`;

export const service = (lines: string): string => `services:
  api:
    image: api:1.0
    expose: ["4000"]
    ${lines}
`;

export const backend = (lines: string, before = ""): string => `${before}backend api
  mode http
  option httpchk GET /ready
  ${lines}
`;

export const location = (lines: string, http = "", upstream = ""): string => `http {
  ${http}
  upstream api { zone api 64k; server app1:4000; server app2:4000; ${upstream} }
  server {
    location / {
      ${lines}
      proxy_pass http://api;
    }
  }
}
`;

/** The headers that a location must pass to the application. */
export const headers =
  "proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;";

export const alert = (expression: string): string => `apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: { name: api }
spec: { endpoints: [{ port: http, interval: 15s }] }
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: { name: api }
spec:
  groups:
    - name: api
      rules:
        - alert: Example
          expr: ${expression}
`;

export const ready = "readinessProbe: { httpGet: { path: /ready, port: 4000 }, timeoutSeconds: 3 }";

export const podService = `apiVersion: v1
kind: Service
metadata: { name: api }
spec: { selector: { app: api }, ports: [{ port: 80, targetPort: 4000 }] }
`;

export const startup = "startupProbe: { httpGet: { path: /startup, port: 4000 }, timeoutSeconds: 3 }";

export const object = (kind: string, api: string, metadata: string, spec: string): string =>
  `apiVersion: ${api}\nkind: ${kind}\nmetadata: { name: api${metadata} }\nspec: ${spec}\n`;

export const ingress = (annotations: string, path = "/api"): string =>
  object(
    "Ingress",
    "networking.k8s.io/v1",
    `, annotations: { ${annotations} }`,
    `{ ingressClassName: nginx, rules: [{ http: { paths: [{ path: ${path}, pathType: Prefix }] } }] }`,
  );

export const scaler = (metric: string): string =>
  object(
    "HorizontalPodAutoscaler",
    "autoscaling/v2",
    "",
    `\n  scaleTargetRef: { kind: Deployment, name: api }\n  minReplicas: 2\n  maxReplicas: 3\n  metrics: [{ type: Resource, resource: { name: ${metric} } }]`,
  );
