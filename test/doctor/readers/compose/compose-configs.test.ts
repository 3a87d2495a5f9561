import { type RealisticConfig, suiteOfConfigs } from "../../support/realistic-configs.ts";

const app = 'image: api:1.0\n    expose: ["4000"]\n    stop_grace_period: 45s';
const compose = (name: string, services: string, finds: RealisticConfig["finds"], more = {}): RealisticConfig => ({
  name,
  texts: { compose: `services:\n${services}` },
  more,
  finds,
});

suiteOfConfigs("realistic Compose files", [
  compose(
    "a service that extends another service",
    `  base:\n    ${app}\n  api:\n    extends: { service: base }\n`,
    [],
  ),
  compose(
    "a service that extends a service of another file",
    "  api:\n    extends:\n      file: common.yml\n      service: base\n",
    [["grace-shorter-than-drain", "stop_grace_period: 20s"]],
    { "common.yml": `services:\n  base:\n    ${app.replace("45s", "20s")}\n` },
  ),
  compose(
    "a proxy that is built here",
    `  api:\n    ${app}\n  nginx:\n    build: ./nginx\n    ports: ["80:80"]\n    depends_on: { api: { condition: service_healthy } }\n`,
    [],
  ),
  compose(
    "a proxy that is built here, and whose configuration is not among the files",
    `  api:\n    ${app}\n  edge:\n    build: { context: docker/haproxy }\n    ports: ["80:80"]\n`,
    [],
  ),
  compose(
    "a port on one address and on all addresses",
    `  api:\n    ${app}\n    ports: ["127.0.0.1:3001:4000"]\n  grafana:\n    image: grafana/grafana:12.0.0\n    ports: ["0.0.0.0:3001:3000"]\n`,
    [["trap-compose-port-collision", 'ports: ["0.0.0.0:3001:3000"]']],
  ),
  compose("a port for three replicas", `  api:\n    ${app}\n    ports: ["4000:4000"]\n    deploy: { replicas: 3 }\n`, [
    ["trap-compose-port-collision", 'ports: ["4000:4000"]'],
  ]),
  compose(
    "a health check of a path that is always healthy, which routes no requests",
    `  api:\n    ${app}\n    healthcheck:\n      test: curl -f http://localhost:4000/alive\n      timeout: 4s\n`,
    [],
  ),
  compose("an empty environment", `  api:\n    ${app}\n    env_file: .env.app\n`, [], { ".env.app": "" }),
]);
