import { type ConfigNumber, formatNumber, ms } from "../../facts/config-values.ts";
import type { Edit, Rule, Violation } from "../../rule.ts";
import { alert } from "../example-files.ts";
import { windowsOf } from "./promql.ts";

const secondsEdit = ({ name, at }: ConfigNumber, from: number, to: number): Edit => ({
  at,
  from: `${name}: ${from / 1000}s`,
  to: `${name}: ${to / 1000}s`,
});

export const scrapeRules: readonly Rule[] = [
  {
    id: "budget-scrape-timeout",
    severity: "error",
    title: "The scrape timeout is longer than the scrape interval",
    impact: "Prometheus rejects the configuration: after the next restart nothing is monitored, and no alert fires.",
    condition: "`scrape_timeout` (default 10 s) ≤ `scrape_interval` (default 60 s), for each job",
    fix: "Lower scrape_timeout.",
    example: {
      kind: "prometheus",
      broken: "global:\n  scrape_interval: 15s\n  scrape_timeout: 20s\n",
      fixed: "global:\n  scrape_interval: 15s\n  scrape_timeout: 10s\n",
    },
    find: ({ monitoring }) =>
      monitoring.flatMap(({ scrapes, common }) =>
        [...scrapes, ...(common === undefined ? [] : [common])].flatMap(({ name, interval, timeout }): Violation[] => {
          // Prometheus shortens its default timeout to the interval.
          if (timeout === undefined || timeout.origin !== undefined || timeout.value <= interval.value) return [];
          return [
            {
              numbers: [timeout, interval],
              edits: [secondsEdit(timeout, timeout.value, interval.value)],
              message: `${name}: a scrape may take ${formatNumber(timeout)}, and the next one starts after ${formatNumber(interval)}.`,
            },
          ];
        }),
      ),
  },
  {
    id: "budget-rate-window",
    severity: "warning",
    title: "The range of a rate covers too few scrapes",
    impact: "One late scrape leaves a gap: alerts resolve and fire again, or never fire.",
    condition:
      "range of rate, irate and increase ≥ 4 · `scrape_interval` of the job. Below 2 intervals it is an error, because there is no value",
    fix: "Extend the range to four scrapes.",
    example: {
      kind: "kubernetes",
      broken: alert("sum by (job) (rate(http_requests_total[30s]))"),
      fixed: alert("sum by (job) (rate(http_requests_total[1m]))"),
    },
    find: ({ monitoring }) => {
      const scrapes = monitoring.flatMap((one) => one.scrapes);
      const shortest = scrapes.map(({ interval }) => interval).sort((a, b) => a.value - b.value)[0];
      return monitoring.flatMap(({ queries }) =>
        queries.flatMap(({ text: query, at }) =>
          windowsOf(query).flatMap(({ name, inner, windowMs, text: window }): Violation[] => {
            const job = /job="([^"]+)"/.exec(inner)?.[1];
            const interval = scrapes.find((scrape) => scrape.name === job)?.interval ?? shortest;
            if (interval === undefined || windowMs >= 4 * interval.value) return [];
            const message = `${name} over [${window}] covers ${Math.floor(windowMs / interval.value)} scrapes of ${formatNumber(interval)}; it needs 4.`;
            const severity = windowMs < 2 * interval.value ? "error" : "warning";
            return [
              {
                severity,
                numbers: [ms("window", windowMs, at), interval],
                message,
                fix: `Write [${(4 * interval.value) / 1000}s] or more.`,
              },
            ];
          }),
        ),
      );
    },
  },
];
