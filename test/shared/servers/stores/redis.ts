import { Redis } from "ioredis";
import { variableOfRun } from "./database.ts";

/** Reserves an empty Redis database for this test file. */
export async function freshRedis(): Promise<string> {
  const client = new Redis(variableOfRun("TEST_REDIS_URL"));
  const number = await client.incr("test:databases");
  await client.select(number);
  await client.flushdb();
  client.disconnect();
  const url = new URL(variableOfRun("TEST_REDIS_URL"));
  url.pathname = `/${number}`;
  return url.href;
}
