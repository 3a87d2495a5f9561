/** For one test file. Those of the real proxies wait a lot, and their long form takes half an hour. */
export function timeLimitMs({ edge }: { edge: boolean }): number {
  const hostileMinutes = Number(process.env["HOSTILE_MINUTES"] ?? 0);
  if (!edge) return 100_000 + hostileMinutes * 60_000;
  return process.env["EDGE_FULL"] === "1" ? 1_800_000 : 240_000;
}
