import type { Metrics } from "../metrics/registry.ts";

const outcomes = ["delivered", "repeated", "failed"] as const;
export type MailOutcome = (typeof outcomes)[number];

export type MailBacklog = { waiting: number; oldestSeconds: number; failed: number };

/** Counts deliveries of this instance, and shows the queue that all instances share. */
export function createMailMetrics(metrics: Pick<Metrics, "add">, backlog: () => MailBacklog | undefined) {
  const counts = { delivered: 0, repeated: 0, failed: 0 };
  metrics.add(
    {
      name: "mail_deliveries_total",
      help: "Attempts to deliver a mail. Outcome repeated: the attempt failed and will be retried; failed: the mail server rejected the mail permanently.",
      type: "counter",
      samples: () => outcomes.map((outcome) => ({ labels: { outcome }, value: counts[outcome] })),
    },
    {
      name: "mail_queue_mails",
      help: "Mails in the queue that all instances share. State failed: no further attempt is made, and an operator has to act.",
      type: "gauge",
      samples() {
        const current = backlog();
        if (current === undefined) return [];
        return [
          { labels: { state: "waiting" }, value: current.waiting },
          { labels: { state: "failed" }, value: current.failed },
        ];
      },
    },
    {
      name: "mail_queue_oldest_seconds",
      help: "Age of the oldest mail that waits for its delivery.",
      type: "gauge",
      samples() {
        const current = backlog();
        return current === undefined ? [] : [{ labels: {}, value: current.oldestSeconds }];
      },
    },
  );
  return {
    count(outcome: MailOutcome): void {
      counts[outcome] += 1;
    },
  };
}
