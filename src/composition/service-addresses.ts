import type { RedisTarget } from "../config/sections/store-settings.ts";

/**
 * The addresses of the stores, and the key for tokens. If a setting is missing, its value is that of the embedded store,
 * or it is generated.
 */
export type ServiceAddresses = { databaseUrl: string; redis: RedisTarget; jwtSecret: string };
