import type { RedisTarget } from "../config/read-config.ts";

/** Where the services are, once the embedded ones run. */
export type ServiceAddresses = { databaseUrl: string; redis: RedisTarget; jwtSecret: string };
