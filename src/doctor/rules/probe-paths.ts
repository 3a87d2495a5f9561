import type { Settings } from "../facts.ts";

const alive = new Set(["/alive", "/live", "/livez", "/health/live"]);
const ready = new Set(["/ready", "/readyz", "/health/ready", "/health", "/startup", "/startupz", "/health/startup"]);

const plain = (path: string): string => path.replace(/[?#].*$/, "").replace(/(.)\/$/, "$1");

/** What HEALTH_PATHS makes of a path: `/health=live,/healthz=ready`. */
function changed(path: string, settings: Settings): string | undefined {
  const pairs = settings.words("HEALTH_PATHS")?.text.split(",") ?? [];
  const pair = pairs.map((one) => one.trim().split("=")).find(([name]) => name === plain(path));
  return pair?.[1];
}

/** A path that is 200 whatever the dependencies do. */
export function saysAlive(path: string, settings: Settings): boolean {
  const kind = changed(path, settings);
  return kind === undefined ? alive.has(plain(path)) : kind === "live";
}

/** A path that is 503 while a dependency is away. */
export function saysReady(path: string, settings: Settings): boolean {
  const kind = changed(path, settings);
  return kind === undefined ? ready.has(plain(path)) : kind !== "live";
}
