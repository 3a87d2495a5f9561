/**
 * Returns the time limit of one test file. Files with the real proxies mostly wait, and take half an hour in their long
 * form (EDGE_FULL=1). Files with schemathesis send three thousand requests, one after the other.
 */
export function timeLimitMs({ edge, serial = false }: { edge: boolean; serial?: boolean }): number {
  const hostileMinutes = Number(process.env["HOSTILE_MINUTES"] ?? 0);
  if (!edge) return (serial ? 200_000 : 100_000) + hostileMinutes * 60_000;
  return process.env["EDGE_FULL"] === "1" ? 1_800_000 : 240_000;
}
