/**
 * For one test file. Those of the real proxies wait a lot, and their long form takes half an hour; those of
 * schemathesis make three thousand requests, one after the other.
 */
export function timeLimitMs({ edge, serial = false }: { edge: boolean; serial?: boolean }): number {
  const hostileMinutes = Number(process.env["HOSTILE_MINUTES"] ?? 0);
  if (!edge) return (serial ? 200_000 : 100_000) + hostileMinutes * 60_000;
  return process.env["EDGE_FULL"] === "1" ? 1_800_000 : 240_000;
}
