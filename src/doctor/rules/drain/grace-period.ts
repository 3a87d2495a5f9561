import type { App } from "../../facts/app.ts";
import { type ConfigNumber, formatNumber, ms } from "../../facts/config-values.ts";
import type { Edit, Rule, Violation } from "../../rule.ts";
import { pod, service } from "../example-files.ts";

/** The time from the last response to the end of the process, for closing pools and flushing logs. */
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

/** A hook of unknown duration counts as 0 s, so that each finding is certain. */
const preStopTime = ({ preStop }: App): readonly ConfigNumber[] =>
  preStop === undefined || preStop === "unknown" || preStop.value === 0 ? [] : [preStop];

const sum = (numbers: readonly ConfigNumber[]): number => numbers.reduce((total, { value }) => total + value, 0);

const sumText = (numbers: readonly ConfigNumber[]): string =>
  [...numbers.map(({ value }) => value / 1000), shutdownMarginMs / 1000].join(" + ");

const startsDrain = (signal: string): boolean => /^(?:SIG)?(?:TERM|INT)$|^(?:15|2)$/i.test(signal);

/** The edit is safe: a longer grace period changes nothing for an instance that stops in time. */
function raiseTo({ name, value, at, origin }: ConfigNumber, needed: number): Edit[] {
  if (origin !== undefined) return [];
  const unit = name === "stop_grace_period" ? "s" : "";
  return [{ at, from: `${name}: ${value / 1000}${unit}`, to: `${name}: ${Math.ceil(needed / 1000)}${unit}` }];
}

export const gracePeriodRules: readonly Rule[] = [
  {
    id: "grace-shorter-than-drain",
    severity: "error",
    title: "The platform kills an instance before its requests are answered",
    impact:
      "SIGKILL ends the process during requests: at every release users lose requests in flight, including writes that are half done.",
    condition:
      "grace period ≥ preStop + `DRAIN_DELAY_MS` + `REQUEST_TIMEOUT_MS` + `DRAIN_LINGER_MS` + 5 s. The grace period is `terminationGracePeriodSeconds` (default 30 s), `stop_grace_period` (10 s), ECS `StopTimeout` (30 s), Render `maxShutdownDelaySeconds` (30 s) or Railway `drainingSeconds` (0 s)",
    fix: "Raise the grace period.",
    example: {
      kind: "compose",
      broken: service("stop_grace_period: 10s"),
      fixed: service("stop_grace_period: 45s"),
    },
    find: ({ apps }) =>
      apps.flatMap((app): Violation[] => {
        const times = timesOf(app);
        const { gracePeriod } = app;
        if (times === undefined || gracePeriod === undefined) return [];
        const parts = [...preStopTime(app), times.delay, times.request, times.linger];
        const needed = sum(parts) + shutdownMarginMs;
        if (gracePeriod.value >= needed) return [];
        const enough = Math.max(needed, sum([...preStopTime(app), times.delay, times.shutdown]) + shutdownMarginMs);
        return [
          {
            numbers: [gracePeriod, ...parts],
            edits: raiseTo(gracePeriod, enough),
            message: `${app.name}: a grace period of ${formatNumber(gracePeriod)} must be at least ${sumText(parts)} = ${formatNumber(ms("", needed, gracePeriod.at))}.`,
            fix: `Set ${gracePeriod.name} to ${formatNumber(ms("", enough, gracePeriod.at))} or more.`,
          },
        ];
      }),
  },
  {
    id: "grace-shorter-than-shutdown",
    severity: "warning",
    title: "The platform kills an instance before its own shutdown timeout",
    impact:
      "SIGKILL cuts slow requests before the application does: nothing is logged about them, and connections to Postgres and Redis stay open for a while.",
    condition: "grace period ≥ preStop + `DRAIN_DELAY_MS` + `SHUTDOWN_TIMEOUT_MS` + 5 s",
    fix: "Raise the grace period, or lower SHUTDOWN_TIMEOUT_MS to what requests need.",
    example: {
      kind: "kubernetes",
      broken: pod("env: [{ name: DRAIN_DELAY_MS, value: '15000' }]", "terminationGracePeriodSeconds: 40"),
      fixed: pod("env: [{ name: DRAIN_DELAY_MS, value: '15000' }]", "terminationGracePeriodSeconds: 60"),
    },
    find: ({ apps }) =>
      apps.flatMap((app): Violation[] => {
        const times = timesOf(app);
        const { gracePeriod } = app;
        if (times === undefined || gracePeriod === undefined) return [];
        if (gracePeriod.value < sum([...preStopTime(app), times.delay, times.request, times.linger]) + shutdownMarginMs)
          return [];
        const parts = [...preStopTime(app), times.delay, times.shutdown];
        const needed = sum(parts) + shutdownMarginMs;
        if (gracePeriod.value >= needed) return [];
        return [
          {
            numbers: [gracePeriod, ...parts],
            message: `${app.name}: the shutdown may take ${sumText(parts)} = ${formatNumber(ms("", needed, gracePeriod.at))}, and the grace period is ${formatNumber(gracePeriod)}.`,
            fix: `Set ${gracePeriod.name} to ${formatNumber(ms("", needed, gracePeriod.at))} or more.`,
          },
        ];
      }),
  },
  {
    id: "grace-cuts-requests",
    severity: "error",
    title: "The application cuts requests that are within their timeout",
    impact: "At every release some requests are cut although they had time left.",
    condition:
      "`SHUTDOWN_TIMEOUT_MS` ≥ `DRAIN_LINGER_MS` + `REQUEST_TIMEOUT_MS`: a request may start at the end of `DRAIN_LINGER_MS` and then has its whole timeout",
    fix: "Raise SHUTDOWN_TIMEOUT_MS, and the grace period of the platform with it.",
    example: { kind: "settings", broken: "SHUTDOWN_TIMEOUT_MS=10000\n", fixed: "SHUTDOWN_TIMEOUT_MS=25000\n" },
    find: ({ apps }) =>
      apps.flatMap((app): Violation[] => {
        const times = timesOf(app);
        if (times === undefined) return [];
        const { shutdown, linger, request } = times;
        const needed = linger.value + request.value;
        // The defaults of development do not fulfil the condition, and do not have to.
        const isWritten = [shutdown, linger, request].some(({ origin }) => origin === undefined);
        if (shutdown.value >= needed || !isWritten) return [];
        return [
          {
            numbers: [shutdown, linger, request],
            message: `SHUTDOWN_TIMEOUT_MS ${formatNumber(shutdown)} must be at least ${formatNumber(linger)} + ${formatNumber(request)}.`,
            fix: `Set SHUTDOWN_TIMEOUT_MS=${needed} or more.`,
          },
        ];
      }),
  },
  {
    id: "grace-stop-signal",
    severity: "error",
    title: "The stop signal starts no drain",
    impact: "The instance stops at once, or only when it is killed: at every release users lose requests in flight.",
    condition:
      "`stop_signal` is SIGTERM (the default) or SIGINT; for an application other than Haven, any signal but SIGKILL",
    fix: "Remove stop_signal.",
    example: {
      kind: "compose",
      broken: service("stop_grace_period: 45s\n    stop_signal: SIGKILL"),
      fixed: service("stop_grace_period: 45s\n    stop_signal: SIGTERM"),
    },
    find: ({ apps }) =>
      apps.flatMap(({ name, stopSignal, settings: { isHaven } }): Violation[] =>
        stopSignal === undefined ||
        !(isHaven ? !startsDrain(stopSignal.text) : /^(?:SIG)?KILL$|^9$/i.test(stopSignal.text))
          ? []
          : [
              {
                places: [stopSignal.at],
                message: `The stop signal of ${name} is ${stopSignal.text}${isHaven ? "; the application drains on SIGTERM" : ""}.`,
              },
            ],
      ),
  },
];
