import { type App, ms, shown, type Told } from "../facts.ts";
import type { Found, Rule } from "../rule.ts";
import { pod, service } from "./samples.ts";

/** From the last answer to the end of the process: closing pools, flushing logs. */
const spare = 5000;

type Times = { delay: Told; request: Told; linger: Told; shutdown: Told };

function timesOf({ settings }: App): Times | undefined {
  const delay = settings.number("DRAIN_DELAY_MS");
  const request = settings.number("REQUEST_TIMEOUT_MS");
  const linger = settings.number("DRAIN_LINGER_MS");
  const shutdown = settings.number("SHUTDOWN_TIMEOUT_MS");
  if (delay === undefined || request === undefined || linger === undefined || shutdown === undefined) return undefined;
  return { delay, request, linger, shutdown };
}

/** A hook whose length is not known takes some time: what does not hold without it does not hold with it. */
const hook = ({ preStop }: App): readonly Told[] =>
  preStop === undefined || preStop === "unknown" || preStop.value === 0 ? [] : [preStop];
const sum = (numbers: readonly Told[]): number => numbers.reduce((total, { value }) => total + value, 0);
const added = (numbers: readonly Told[]): string =>
  [...numbers.map(({ value }) => value / 1000), spare / 1000].join(" + ");

export const graceRules: readonly Rule[] = [
  {
    id: "grace-shorter-than-drain",
    severity: "error",
    title: "The platform kills an instance before its requests are answered",
    reason:
      "SIGKILL comes in the middle of requests: at every release users lose what was under way, also writes that are half done.",
    arithmetic:
      "grace ≥ preStop + `DRAIN_DELAY_MS` + `REQUEST_TIMEOUT_MS` + `DRAIN_LINGER_MS` + 5 s. The grace is `terminationGracePeriodSeconds` (30 s unless written), `stop_grace_period` (10 s), ECS `StopTimeout` (30 s), Render `maxShutdownDelaySeconds` (30 s), Railway `drainingSeconds` (0 s)",
    fix: "Raise the grace.",
    example: {
      kind: "compose",
      broken: service("stop_grace_period: 10s"),
      mended: service("stop_grace_period: 45s"),
    },
    find: ({ apps }) =>
      apps.flatMap((app): Found[] => {
        const times = timesOf(app);
        const { grace } = app;
        if (times === undefined || grace === undefined) return [];
        const parts = [...hook(app), times.delay, times.request, times.linger];
        const needed = sum(parts) + spare;
        if (grace.value >= needed) return [];
        const enough = Math.max(needed, sum([...hook(app), times.delay, times.shutdown]) + spare);
        return [
          {
            numbers: [grace, ...parts],
            says: `${app.name}: a grace of ${shown(grace)} would have to be at least ${added(parts)} = ${shown(ms("", needed, grace.at))}.`,
            fix: `Set ${grace.name} to ${shown(ms("", enough, grace.at))} or more.`,
          },
        ];
      }),
  },
  {
    id: "grace-shorter-than-shutdown",
    severity: "warning",
    title: "The platform kills an instance before it would end by itself",
    reason:
      "Slow requests are cut by SIGKILL instead of by the application: nothing is logged of them, and connections to Postgres and Redis are left behind.",
    arithmetic: "grace ≥ preStop + `DRAIN_DELAY_MS` + `SHUTDOWN_TIMEOUT_MS` + 5 s",
    fix: "Raise the grace, or lower SHUTDOWN_TIMEOUT_MS to what requests need.",
    example: {
      kind: "kubernetes",
      broken: pod("env: [{ name: DRAIN_DELAY_MS, value: '15000' }]", "terminationGracePeriodSeconds: 40"),
      mended: pod("env: [{ name: DRAIN_DELAY_MS, value: '15000' }]", "terminationGracePeriodSeconds: 60"),
    },
    find: ({ apps }) =>
      apps.flatMap((app): Found[] => {
        const times = timesOf(app);
        const { grace } = app;
        if (times === undefined || grace === undefined) return [];
        if (grace.value < sum([...hook(app), times.delay, times.request, times.linger]) + spare) return [];
        const parts = [...hook(app), times.delay, times.shutdown];
        const needed = sum(parts) + spare;
        if (grace.value >= needed) return [];
        return [
          {
            numbers: [grace, ...parts],
            says: `${app.name}: the application may take ${added(parts)} = ${shown(ms("", needed, grace.at))} to end, and is given ${shown(grace)}.`,
            fix: `Set ${grace.name} to ${shown(ms("", needed, grace.at))} or more.`,
          },
        ];
      }),
  },
  {
    id: "grace-cuts-requests",
    severity: "error",
    title: "The application cuts requests that it would still answer",
    reason: "At every release requests end in the middle that had time left.",
    arithmetic:
      "`SHUTDOWN_TIMEOUT_MS` ≥ `DRAIN_LINGER_MS` + `REQUEST_TIMEOUT_MS`: a request may begin at the end of the linger, and then has its whole deadline",
    fix: "Raise SHUTDOWN_TIMEOUT_MS (and the platform's grace with it).",
    example: { kind: "settings", broken: "SHUTDOWN_TIMEOUT_MS=10000\n", mended: "SHUTDOWN_TIMEOUT_MS=25000\n" },
    find: ({ apps }) =>
      apps.flatMap((app): Found[] => {
        const times = timesOf(app);
        if (times === undefined) return [];
        const { shutdown, linger, request } = times;
        const needed = linger.value + request.value;
        // Defaults of development suit nobody who waits, and are nobody's mistake.
        const isWritten = [shutdown, linger, request].some(({ origin }) => origin === undefined);
        if (shutdown.value >= needed || !isWritten) return [];
        return [
          {
            numbers: [shutdown, linger, request],
            says: `SHUTDOWN_TIMEOUT_MS ${shown(shutdown)} would have to be at least ${shown(linger)} + ${shown(request)}.`,
            fix: `Set SHUTDOWN_TIMEOUT_MS=${needed} or more.`,
          },
        ];
      }),
  },
  {
    id: "grace-stop-signal",
    severity: "error",
    title: "The instance is stopped by a signal that begins no drain",
    reason: "It ends at once, or not before it is killed: at every release users lose what was under way.",
    arithmetic: "`stop_signal` is SIGTERM (or SIGINT), which it is unless written",
    fix: "Leave stop_signal out.",
    example: {
      kind: "compose",
      broken: service("stop_grace_period: 45s\n    stop_signal: SIGKILL"),
      mended: service("stop_grace_period: 45s\n    stop_signal: SIGTERM"),
    },
    find: ({ apps }) =>
      apps.flatMap(({ name, stopSignal }): Found[] =>
        stopSignal === undefined || /^(?:SIG)?(?:TERM|INT)$|^(?:15|2)$/i.test(stopSignal.text)
          ? []
          : [
              {
                places: [stopSignal.at],
                says: `${name} is stopped by ${stopSignal.text}; the application drains on SIGTERM.`,
              },
            ],
      ),
  },
];
