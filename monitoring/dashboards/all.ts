import { api } from "./api.ts";
import type { Dashboard } from "./build.ts";
import { database } from "./database.ts";
import { loadBalancer } from "./load-balancer.ts";
import { system } from "./system.ts";

export const dashboards: readonly Dashboard[] = [system, api, loadBalancer, database];
