import type { RealisticConfig } from "./realistic-configs.ts";

// Small configurations with a place for values that are not understood.

export const pod = (pods: string, spec: string, container = "", behind = "") => `apiVersion: apps/v1
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
          readinessProbe: { httpGet: { path: /ready, port: 4000 }, timeoutSeconds: 3 }
          env: [{ name: DRAIN_DELAY_MS, value: "15000" }]
          ${container}
${behind}`;

export const grace = "terminationGracePeriodSeconds: 60";
export const budget = (line: string) =>
  `---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: { name: api }\nspec:\n  ${line}\n  selector: { matchLabels: { app: api } }\n`;
export const service = (line: string) =>
  `services:\n  api:\n    image: api:1.0\n    stop_grace_period: 45s\n    ${line}\n`;
export const cluster = (kind: string, spec: string, version = "v1") =>
  `apiVersion: ${version}\nkind: ${kind}\nmetadata: { name: api }\nspec: ${spec}\n`;
export const nginx = (line: string) => `http {\n  server {\n    client_max_body_size 5m;\n    ${line}\n  }\n}\n`;
export const haproxy = (line: string, check = "check inter 2s fall 2", extra = "") => `global
  stats socket /run/haproxy.sock level admin
defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 20s
  ${line}
frontend web
  bind :80
  default_backend api
backend api
  option httpchk GET /ready
  ${extra}
  server app1 app1:4000 ${check}
`;
export const variable = (name: string) => ["$", `{${name}}`].join("");

export const unknown = (name: string, texts: RealisticConfig["texts"], notUnderstood: RegExp): RealisticConfig => ({
  name,
  texts,
  finds: [],
  notUnderstood,
});
