import type { RedisTarget } from "../config/store-settings.ts";

/**
 * The addresses of the stores, and the key for tokens. Values that the settings leave out are those of the embedded
 * stores, or generated.
 */
export type ServiceAddresses = { databaseUrl: string; redis: RedisTarget; jwtSecret: string };
