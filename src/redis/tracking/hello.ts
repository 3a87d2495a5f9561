import type { Redis } from "ioredis";

export type Hello = { protocol: number; isPrimary: boolean };

/** Reads protocol and role of the server. Unlike ROLE and INFO, this command needs no permission. */
export async function sayHello(client: Redis): Promise<Hello> {
  const reply = await client.call("HELLO");
  const list = Array.isArray(reply) ? reply.map(String) : [];
  const fieldOf = (name: string) => list[list.indexOf(name) + 1];
  return { protocol: Number(fieldOf("proto")), isPrimary: fieldOf("role") === "master" };
}
