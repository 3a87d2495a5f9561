import type { App, Front } from "./facts.ts";
import type { Template } from "./readers/cloudformation.ts";
import type { Compose } from "./readers/compose.ts";
import type { Haproxy } from "./readers/haproxy.ts";
import type { Kubernetes } from "./readers/kubernetes.ts";
import type { Live } from "./readers/live.ts";
import type { Nginx } from "./readers/nginx.ts";
import type { Limit } from "./readers/postgres.ts";
import type { Monitoring } from "./readers/prometheus.ts";

/** Configurations that run together, and are held against each other. */
export type Setup = {
  apps: readonly App[];
  fronts: readonly PlacedFront[];
  /** `max_connections` of each Postgres that is known. */
  databases: readonly Limit[];
  nginx: readonly Nginx[];
  haproxy: readonly Haproxy[];
  kubernetes: readonly Kubernetes[];
  compose: readonly Compose[];
  templates: readonly Template[];
  monitoring: readonly Monitoring[];
  /** A running instance, and the settings that it should have. */
  live: Live | undefined;
};

/** A front, and the instances that it stands before. */
export type PlacedFront = { front: Front; apps: readonly App[] };
