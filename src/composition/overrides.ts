import type { Passwords } from "../auth/passwords.ts";
import type { RateLimit } from "../auth/rate-limit.ts";
import type { Logger } from "../core/logging/logger.ts";
import type { Certificates } from "../core/network/certificate-watch.ts";
import type { Clock } from "../core/timing/clock.ts";
import type { Database } from "../db/pool.ts";
import type { Images } from "../features/photos/images/images.ts";
import type { FileStore } from "../features/photos/storage/storage.ts";
import type { AuthenticateCaller } from "../http/access.ts";
import type { Routes } from "../http/create-routes.ts";
import type { Health } from "../kit/create-health.ts";
import type { FleetStore } from "../kit/fleet/fleet-store.ts";
import type { Channel } from "../redis/channel.ts";
import type { RedisAccess } from "../redis/redis-access.ts";
import type { SessionStore } from "../sessions/session-store.ts";

/** The arguments of test routes. */
export type RouteParts = {
  db: Database;
  redis: RedisAccess;
  lifecycle: Health["lifecycle"];
  connections: Health["connections"];
  logger: Logger;
};

/** Parts that a test replaces. The composition creates all other parts. A test closes the parts that it passes. */
export type Overrides = {
  clock?: Clock;
  database?: Database;
  redis?: RedisAccess;
  channel?: Channel;
  sessions?: SessionStore;
  passwords?: Passwords;
  rateLimit?: RateLimit;
  authenticate?: AuthenticateCaller;
  images?: Images;
  files?: FileStore;
  certificates?: Certificates;
  fleetStores?: readonly FleetStore[];
  /** Routes beside those of the server. */
  routes?: (parts: RouteParts) => readonly Routes[];
};
