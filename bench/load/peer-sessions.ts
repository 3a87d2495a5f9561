import { Redis } from "ioredis";
import { ask } from "../../test/shared/requests/http.ts";
import type { Owner } from "./owner.ts";

/** Stores the session in the form that the hand-written server reads. */
export async function storeSession(redisUrl: string, { sessionId, userId }: Owner): Promise<void> {
  const redis = new Redis(redisUrl);
  await redis.set(`bench:session:${sessionId}`, userId);
  redis.disconnect();
}

/** Signs in at the usual stack, and returns the cookie. */
export async function signInAt(url: string, { userId }: Owner): Promise<string> {
  const { headers } = await ask(`${url}/sign-in?user=${userId}`);
  return headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
}
