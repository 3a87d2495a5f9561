/** For one test file. Those of the real proxies wait a lot, and their long form takes half an hour. */
export function timeLimitMs({ edge }: { edge: boolean }): number {
  if (!edge) return 100_000;
  return process.env["EDGE_FULL"] === "1" ? 1_800_000 : 240_000;
}
