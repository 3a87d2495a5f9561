import type { Template } from "../readers/cloudformation/cloudformation.ts";
import type { Compose } from "../readers/compose/compose.ts";
import type { Haproxy } from "../readers/haproxy/haproxy.ts";
import type { Kubernetes } from "../readers/kubernetes/kubernetes.ts";
import type { Nginx } from "../readers/nginx/nginx.ts";
import type { PgBouncer } from "../readers/pgbouncer/pgbouncer.ts";
import type { ConnectionLimit } from "../readers/postgres-limit.ts";
import type { Monitoring } from "../readers/prometheus/prometheus.ts";
import type { RunningInstance } from "../readers/running-instance.ts";
import type { App } from "./app.ts";
import type { LoadBalancer } from "./load-balancer.ts";
import type { Versions } from "./versions.ts";

/** Configurations that run together and are compared with each other. */
export type Deployment = {
  apps: readonly App[];
  loadBalancers: readonly ConnectedLoadBalancer[];
  /** `max_connections` of each Postgres that is configured here. */
  databases: readonly ConnectionLimit[];
  /** PgBouncers between the apps and their database. */
  poolers: readonly PgBouncer[];
  nginx: readonly Nginx[];
  haproxy: readonly Haproxy[];
  kubernetes: readonly Kubernetes[];
  compose: readonly Compose[];
  templates: readonly Template[];
  monitoring: readonly Monitoring[];
  /** The versions of programs, from `--versions`, the doctor's configuration file or the tags of images. */
  versions: Versions;
  /** The health report of a running instance, for `--live`. */
  live: RunningInstance | undefined;
};

/** A load balancer and the apps that it forwards requests to. */
export type ConnectedLoadBalancer = { loadBalancer: LoadBalancer; apps: readonly App[] };
