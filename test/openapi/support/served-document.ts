import { fileURLToPath } from "node:url";
import { readConfig } from "../../../src/config/read-config.ts";
import { version } from "../../../src/core/identity.ts";
import { createLogger } from "../../../src/core/logging/logger.ts";
import type { Document } from "../../../src/openapi/document/openapi-types.ts";
import { start } from "../../../src/server.ts";

export const documentFile = fileURLToPath(new URL("../../../docs/openapi.json", import.meta.url));

/** Returns the OpenAPI document of a server that runs without stores. */
export async function serveDocument(): Promise<Document> {
  const config = readConfig({
    NODE_ENV: "test",
    HOST: "127.0.0.1",
    PORT: "0",
    DATABASE_URL: "postgres://127.0.0.1:1/none",
    REDIS_URL: "redis://127.0.0.1:1",
  });
  const { logger } = createLogger({ level: "silent", instance: config.instance, version });
  const running = await start(config, { logger });
  try {
    const response = await fetch(`http://127.0.0.1:${running.port}/api/openapi.json`);
    return (await response.json()) as Document;
  } finally {
    await running.stop();
  }
}

export const asText = (document: Document): string => `${JSON.stringify(document, null, 2)}\n`;
