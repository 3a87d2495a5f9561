import { type ConfigNumber, formatNumber, ms } from "../../config-values.ts";
import type { App } from "../../facts.ts";
import type { Rule, Violation } from "../../rule.ts";
import { pod, service } from "../example-files.ts";

/** From the last answer to the end of the process: closing pools, flushing logs. */
const shutdownMarginMs = 5000;

type ShutdownTimes = { delay: ConfigNumber; request: ConfigNumber; linger: ConfigNumber; shutdown: ConfigNumber };

function timesOf({ settings }: App): ShutdownTimes | undefined {
  const delay = settings.number("DRAIN_DELAY_MS");
  const request = settings.number("REQUEST_TIMEOUT_MS");
  const linger = settings.number("DRAIN_LINGER_MS");
  const shutdown = settings.number("SHUTDOWN_TIMEOUT_MS");
  if (delay === undefined || request === undefined || linger === undefined || shutdown === undefined) return undefined;
  return { delay, request, linger, shutdown };
}

/** A hook whose length is not known takes some time: what does not hold without it does not hold with it. */
const preStopTime = ({ preStop }: App): readonly ConfigNumber[] =>
  preStop === undefined || preStop === "unknown" || preStop.value === 0 ? [] : [preStop];

const sum = (numbers: readonly ConfigNumber[]): number => numbers.reduce((total, { value }) => total + value, 0);

const sumText = (numbers: readonly ConfigNumber[]): string =>
  [...numbers.map(({ value }) => value / 1000), shutdownMarginMs / 1000].join(" + ");

export const gracePeriodRules: readonly Rule[] = [
  {
    id: "grace-shorter-than-drain",
    severity: "error",
    title: "The platform kills an instance before its requests are answered",
    impact:
      "SIGKILL comes in the middle of requests: at every release users lose what was under way, also writes that are half done.",
    condition:
      "grace ≥ preStop + `DRAIN_DELAY_MS` + `REQUEST_TIMEOUT_MS` + `DRAIN_LINGER_MS` + 5 s. The grace is `terminationGracePeriodSeconds` (30 s unless written), `stop_grace_period` (10 s), ECS `StopTimeout` (30 s), Render `maxShutdownDelaySeconds` (30 s), Railway `drainingSeconds` (0 s)",
    fix: "Raise the grace.",
    example: {
      kind: "compose",
      broken: service("stop_grace_period: 10s"),
      fixed: service("stop_grace_period: 45s"),
    },
    find: ({ apps }) =>
      apps.flatMap((app): Violation[] => {
        const times = timesOf(app);
        const { grace } = app;
        if (times === undefined || grace === undefined) return [];
        const parts = [...preStopTime(app), times.delay, times.request, times.linger];
        const needed = sum(parts) + shutdownMarginMs;
        if (grace.value >= needed) return [];
        const enough = Math.max(needed, sum([...preStopTime(app), times.delay, times.shutdown]) + shutdownMarginMs);
        return [
          {
            numbers: [grace, ...parts],
            message: `${app.name}: a grace of ${formatNumber(grace)} would have to be at least ${sumText(parts)} = ${formatNumber(ms("", needed, grace.at))}.`,
            fix: `Set ${grace.name} to ${formatNumber(ms("", enough, grace.at))} or more.`,
          },
        ];
      }),
  },
  {
    id: "grace-shorter-than-shutdown",
    severity: "warning",
    title: "The platform kills an instance before it would end by itself",
    impact:
      "Slow requests are cut by SIGKILL instead of by the application: nothing is logged of them, and connections to Postgres and Redis are left behind.",
    condition: "grace ≥ preStop + `DRAIN_DELAY_MS` + `SHUTDOWN_TIMEOUT_MS` + 5 s",
    fix: "Raise the grace, or lower SHUTDOWN_TIMEOUT_MS to what requests need.",
    example: {
      kind: "kubernetes",
      broken: pod("env: [{ name: DRAIN_DELAY_MS, value: '15000' }]", "terminationGracePeriodSeconds: 40"),
      fixed: pod("env: [{ name: DRAIN_DELAY_MS, value: '15000' }]", "terminationGracePeriodSeconds: 60"),
    },
    find: ({ apps }) =>
      apps.flatMap((app): Violation[] => {
        const times = timesOf(app);
        const { grace } = app;
        if (times === undefined || grace === undefined) return [];
        if (grace.value < sum([...preStopTime(app), times.delay, times.request, times.linger]) + shutdownMarginMs)
          return [];
        const parts = [...preStopTime(app), times.delay, times.shutdown];
        const needed = sum(parts) + shutdownMarginMs;
        if (grace.value >= needed) return [];
        return [
          {
            numbers: [grace, ...parts],
            message: `${app.name}: the application may take ${sumText(parts)} = ${formatNumber(ms("", needed, grace.at))} to end, and is given ${formatNumber(grace)}.`,
            fix: `Set ${grace.name} to ${formatNumber(ms("", needed, grace.at))} or more.`,
          },
        ];
      }),
  },
  {
    id: "grace-cuts-requests",
    severity: "error",
    title: "The application cuts requests that it would still answer",
    impact: "At every release requests end in the middle that had time left.",
    condition:
      "`SHUTDOWN_TIMEOUT_MS` ≥ `DRAIN_LINGER_MS` + `REQUEST_TIMEOUT_MS`: a request may begin at the end of the linger, and then has its whole deadline",
    fix: "Raise SHUTDOWN_TIMEOUT_MS (and the platform's grace with it).",
    example: { kind: "settings", broken: "SHUTDOWN_TIMEOUT_MS=10000\n", fixed: "SHUTDOWN_TIMEOUT_MS=25000\n" },
    find: ({ apps }) =>
      apps.flatMap((app): Violation[] => {
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
            message: `SHUTDOWN_TIMEOUT_MS ${formatNumber(shutdown)} would have to be at least ${formatNumber(linger)} + ${formatNumber(request)}.`,
            fix: `Set SHUTDOWN_TIMEOUT_MS=${needed} or more.`,
          },
        ];
      }),
  },
  {
    id: "grace-stop-signal",
    severity: "error",
    title: "The instance is stopped by a signal that begins no drain",
    impact: "It ends at once, or not before it is killed: at every release users lose what was under way.",
    condition: "`stop_signal` is SIGTERM (or SIGINT), which it is unless written",
    fix: "Leave stop_signal out.",
    example: {
      kind: "compose",
      broken: service("stop_grace_period: 45s\n    stop_signal: SIGKILL"),
      fixed: service("stop_grace_period: 45s\n    stop_signal: SIGTERM"),
    },
    find: ({ apps }) =>
      apps.flatMap(({ name, stopSignal }): Violation[] =>
        stopSignal === undefined || /^(?:SIG)?(?:TERM|INT)$|^(?:15|2)$/i.test(stopSignal.text)
          ? []
          : [
              {
                places: [stopSignal.at],
                message: `${name} is stopped by ${stopSignal.text}; the application drains on SIGTERM.`,
              },
            ],
      ),
  },
];
