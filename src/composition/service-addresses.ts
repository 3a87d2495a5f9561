import type { RedisTarget } from "../config/store-settings.ts";

/** The addresses of the services, including those of embedded ones that were started. */
export type ServiceAddresses = { databaseUrl: string; redis: RedisTarget; jwtSecret: string };
