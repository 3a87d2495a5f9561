import { ms, type Settings, shown, size } from "../facts.ts";
import type { Live } from "../readers/live.ts";
import type { Found, Rule } from "../rule.ts";

// A running instance (`--live URL`), against the settings that it should have.

type Looking = (live: Live, settings: Settings) => readonly Found[];
const running =
  (look: Looking): Rule["find"] =>
  ({ live, apps }) =>
    live === undefined ? [] : apps.flatMap(({ settings }) => look(live, settings));

type Says = { status?: string; keepAliveSeconds?: number; latencyMs?: number; critical?: string[]; heap?: number };

/** What an instance could answer, for the examples. */
const answer = ({
  status = "healthy",
  keepAliveSeconds = 75,
  latencyMs = 2,
  critical = ["postgres"],
  heap = 384,
}: Says): string =>
  JSON.stringify(
    {
      status,
      phase: "ready",
      version: "0.1.0",
      instance: "api-1",
      checks: Object.fromEntries(
        ["postgres", "redis"].map((name) => [
          name,
          { status: "up", critical: critical.includes(name), latencyMs, reason: null },
        ]),
      ),
      system: { memory: { heapLimitBytes: heap * 1024 ** 2, limitBytes: 512 * 1024 ** 2 } },
      keepAliveSeconds,
    },
    null,
    2,
  );

const example = (broken: Says): Rule["example"] => ({
  kind: "live",
  broken: `${answer(broken)}\n`,
  mended: `${answer({})}\n`,
});

export const liveKeepAlive: readonly Rule[] = [
  {
    id: "keep-alive-differs-live",
    severity: "warning",
    title: "The running instance keeps connections for another time than its settings say",
    reason:
      "Either it runs with other settings than these, or something in between answered: what was judged is not what users meet.",
    arithmetic: "`Keep-Alive: timeout=` of the answer = `KEEP_ALIVE_TIMEOUT_MS`",
    fix: "Ask the instance itself, and restart it with these settings.",
    example: example({ keepAliveSeconds: 5 }),
    find: running((live, settings) => {
      const wanted = settings.number("KEEP_ALIVE_TIMEOUT_MS");
      const seen = live.keepAliveSeconds;
      if (wanted === undefined || seen === undefined || Math.abs(seen - wanted.value / 1000) <= 1) return [];
      const told = ms("Keep-Alive: timeout", seen * 1000, live.at);
      return [{ numbers: [told, wanted], says: `It answers with ${shown(told)}, and ${shown(wanted)} are set.` }];
    }),
  },
];

export const liveDeadlines: readonly Rule[] = [
  {
    id: "deadline-check-slow-live",
    severity: "warning",
    title: "A check takes more than half of its time limit",
    reason:
      "A little more load, and the check fails although the dependency works: all instances leave the rotation together.",
    arithmetic: "latency of each check ≤ `HEALTH_CHECK_TIMEOUT` / 2",
    fix: "Find out why the dependency is slow, or raise HEALTH_CHECK_TIMEOUT (and what probes it).",
    example: example({ latencyMs: 1500 }),
    find: running((live, settings) => {
      const limit = settings.number("HEALTH_CHECK_TIMEOUT");
      if (limit === undefined) return [];
      return Object.entries(live.checks)
        .filter(([, { latencyMs }]) => (latencyMs ?? 0) > limit.value / 2)
        .map(
          ([name, { latencyMs }]): Found => ({
            numbers: [ms(`latency of ${name}`, latencyMs ?? 0, live.at), limit],
            says: `The check ${name} of ${live.instance} is near its limit.`,
          }),
        );
    }),
  },
];

export const liveBudgets: readonly Rule[] = [
  {
    id: "budget-heap-live",
    severity: "error",
    title: "The heap may grow beyond the memory that there is",
    reason: "Before the heap is full the system kills the process without a word, with all requests on it.",
    arithmetic:
      "V8's heap limit, which counts new objects on top of --max-old-space-size, ≤ 90 % of the memory limit of the running process",
    fix: "Set NODE_OPTIONS=--max-old-space-size to 75 % of the limit.",
    example: example({ heap: 512 }),
    find: running(({ system: { memory }, at, instance }) => {
      const { heapLimitBytes, limitBytes } = memory;
      if (limitBytes === null || heapLimitBytes <= limitBytes * 0.9) return [];
      return [
        {
          numbers: [size("heap limit", heapLimitBytes, at), size("memory limit", limitBytes, at)],
          says: `The heap of ${instance} may take all the memory of its process.`,
        },
      ];
    }),
  },
];

export const liveTraps: readonly Rule[] = [
  {
    id: "trap-live-unhealthy",
    severity: "error",
    title: "The running instance is not well",
    reason: "It serves nobody, or not all of what it should.",
    arithmetic: "`/health/detailed` says healthy; degraded is a warning",
    fix: "See what it says of its checks, and docs/runbook.md.",
    example: example({ status: "unhealthy" }),
    find: running(({ status, phase, at, instance, checks }) => {
      if (status === "healthy") return [];
      const failing = Object.entries(checks).filter(([, check]) => check.status !== "up");
      const why = failing
        .map(([name, check]) => `${name} ${check.status}${check.reason === null ? "" : ` (${check.reason})`}`)
        .join(", ");
      const severity = status === "degraded" ? "warning" : "error";
      return [
        {
          severity,
          places: [at],
          says: `${instance} is ${status}, in the phase ${phase}${why === "" ? "" : `: ${why}`}.`,
        },
      ];
    }),
  },
  {
    id: "trap-live-other-checks",
    severity: "warning",
    title: "The running instance requires other checks than its settings say",
    reason: "It leaves the rotation for another reason than you think, or stays in it without what it needs.",
    arithmetic: "critical checks = `READY_REQUIRES` (postgres unless written)",
    fix: "Restart it with these settings.",
    example: example({ critical: ["redis"] }),
    find: running(({ checks, at, instance }, settings) => {
      const written = settings.words("READY_REQUIRES");
      const wanted = (written?.text ?? "postgres")
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== "")
        .sort();
      // What is not asked at all cannot be critical, as the schema before it is known.
      const seen = Object.entries(checks)
        .filter(([name, check]) => check.critical && name !== "schema")
        .map(([name]) => name)
        .sort();
      if (wanted.filter((name) => name !== "schema").join() === seen.join()) return [];
      return [
        {
          places: [at, ...(written === undefined ? [] : [written.at])],
          says: `${instance} requires ${seen.join(", ") || "nothing"}; READY_REQUIRES is ${wanted.join(", ")}.`,
        },
      ];
    }),
  },
];
