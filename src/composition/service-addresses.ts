import type { RedisTarget } from "../config/store-settings.ts";

/** Where the services are, once the embedded ones run. */
export type ServiceAddresses = { databaseUrl: string; redis: RedisTarget; jwtSecret: string };
