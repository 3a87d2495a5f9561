import { formatThreshold, thresholdOf } from "../thresholds.ts";
import type { Row } from "./build.ts";
import { above } from "./panel.ts";

const selected = 'job="haven-api", instance=~"$instance"';

export const mail: Row = {
  title: "Account mail",
  panels: [
    {
      title: "Mail server, by instance",
      description:
        "State of the check `mail`. If it is down for all instances, the cause is the mail server. It never takes an instance out of rotation.",
      kind: "state-timeline",
      unit: "short",
      width: 6,
      states: { 0: ["down or unknown", "red"], 1: ["up", "green"] },
      queries: [{ expr: `min by (instance) (health_check_up{${selected}, check="mail"})`, legend: "{{instance}}" }],
    },
    {
      title: "Mails that wait",
      description: `Mails in the queue of all instances. The alert MailQueueGrows fires if there are more than ${formatThreshold("MailQueueGrows")} for some minutes.`,
      kind: "timeseries",
      unit: "short",
      width: 6,
      min: 0,
      thresholds: above(thresholdOf("MailQueueGrows"), "orange"),
      queries: [{ expr: `max(mail_queue_mails{${selected}, state="waiting"})`, legend: "wait" }],
    },
    {
      title: "Mails that failed",
      description:
        "Mails in the queue mail-failed, where they are kept for two weeks. If many are added within an hour, MailsFail fires.",
      kind: "timeseries",
      unit: "short",
      width: 6,
      min: 0,
      queries: [{ expr: `max(mail_queue_mails{${selected}, state="failed"})`, legend: "failed" }],
    },
    {
      title: "Deliveries",
      description: "Attempts a second, by outcome: delivered, to be repeated, or rejected for good.",
      kind: "timeseries",
      unit: "ops",
      width: 6,
      min: 0,
      queries: [
        { expr: `sum by (outcome) (rate(mail_deliveries_total{${selected}}[$interval]))`, legend: "{{outcome}}" },
      ],
    },
  ],
};
