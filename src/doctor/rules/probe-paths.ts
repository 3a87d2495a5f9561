import type { Settings } from "../facts/app.ts";

const alive = new Set(["/alive", "/live", "/livez", "/health/live"]);
const ready = new Set(["/ready", "/readyz", "/health/ready", "/health", "/startup", "/startupz", "/health/startup"]);

const withoutQuery = (path: string): string => path.replace(/[?#].*$/, "").replace(/(.)\/$/, "$1");

/** Returns the kind of a path in HEALTH_PATHS, such as `/health=live,/healthz=ready`. */
function mappedKind(path: string, settings: Settings): string | undefined {
  const pairs = settings.text("HEALTH_PATHS")?.text.split(",") ?? [];
  const pair = pairs.map((one) => one.trim().split("=")).find(([name]) => name === withoutQuery(path));
  return pair?.[1];
}

/** Returns whether the path returns 200 regardless of dependencies. */
export function isLivenessPath(path: string, settings: Settings): boolean {
  const kind = mappedKind(path, settings);
  return kind === undefined ? alive.has(withoutQuery(path)) : kind === "live";
}

/** Returns whether the path returns 503 while a required dependency is down. */
export function isReadinessPath(path: string, settings: Settings): boolean {
  const kind = mappedKind(path, settings);
  return kind === undefined ? ready.has(withoutQuery(path)) : kind !== "live";
}
