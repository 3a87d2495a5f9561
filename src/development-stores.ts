import { existsSync } from "node:fs";
import { ConfigError } from "./config/setting-problems.ts";
import { variables } from "./config/variables.ts";
import type { Embedded } from "./core/embedded-engines.ts";

const postgresSettings = ["DATABASE_URL", "DATABASE_URL_FILE"];
const redisSettings = ["REDIS_URL", "REDIS_URL_FILE", "REDIS_HOST", "REDIS_SENTINELS", "REDIS_CLUSTER_NODES"];

/**
 * Adds the addresses of the embedded stores of a running server, for commands that do not start stores. In production,
 * and if the environment names a database, the environment is unchanged.
 */
export async function withDevelopmentStores(environment: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> {
  const hasNone = (names: readonly string[]) => names.every((name) => !environment[name]);
  if (environment["NODE_ENV"] === "production" || !hasNone(postgresSettings)) return environment;
  const embedded = await findEmbedded();
  if (embedded === undefined) return environment;
  const dataDir = variables.shape.EMBEDDED_DATA_DIR.parse(environment["EMBEDDED_DATA_DIR"] || undefined);
  const { databaseUrl, redisUrl } = (await embedded.findRunningEngines(dataDir)) ?? {};
  if (databaseUrl === undefined) {
    const missing = `is not set, and no server with an embedded Postgres runs in ${dataDir}`;
    const message = `${missing}: run npm start in another terminal, or set DATABASE_URL.`;
    throw new ConfigError([{ variable: "DATABASE_URL", message }]);
  }
  return {
    ...environment,
    DATABASE_URL: databaseUrl,
    ...(redisUrl !== undefined && hasNone(redisSettings) && { REDIS_URL: redisUrl }),
  };
}

/**
 * Returns the module of `src/embedded`, or undefined in a production build, which does not contain that folder. A static
 * import would fail there.
 */
export async function findEmbedded(): Promise<Embedded | undefined> {
  const file = new URL("./embedded/engines.ts", import.meta.url);
  if (!existsSync(file)) return undefined;
  return (await import(file.href)) as Embedded;
}
