import { createLetterWriter } from "../auth/account-mail/write-letter.ts";
import type { Config } from "../config/read-config.ts";
import type { Logger } from "../core/logging/logger.ts";
import type { Certificates } from "../core/network/certificate-watch.ts";
import type { Clock } from "../core/timing/clock.ts";
import type { Tracer } from "../core/tracer.ts";
import type { Statements } from "../db/pool.ts";
import type { Routes } from "../http/create-routes.ts";
import { createJobQueue, type JobQueue } from "../jobs/job-queue.ts";
import type { Check } from "../kit/health/check.ts";
import type { Lifecycle } from "../kit/lifecycle/phase.ts";
import { devMailPath, devMailRoutes } from "../mail/dev-page/routes.ts";
import type { Deliver } from "../mail/mail.ts";
import { watchMailBacklog } from "../mail/mail-backlog.ts";
import { createMailCheck } from "../mail/mail-check.ts";
import { createMailMetrics } from "../mail/mail-metrics.ts";
import { createOutbox } from "../mail/outbox.ts";
import { createSmtpDelivery } from "../mail/smtp/smtp-delivery.ts";
import type { Metrics } from "../metrics/registry.ts";

export type MailPartsDeps = {
  config: Config;
  clock: Clock;
  logger: Logger;
  metrics: Metrics;
  certificates: Certificates;
  lifecycle: Pick<Lifecycle, "onChange">;
  addCheck(check: Check): void;
  /** For background work: failures of its calls do not open the breakers. */
  db: Statements;
  tracer: Tracer;
  stack: AsyncDisposableStack;
};

/** Creates the outbox of account mail and its delivery; without mail settings, an outbox that refuses every mail. */
export function composeMail(deps: MailPartsDeps) {
  const { config, logger, metrics, lifecycle, db, tracer, stack } = deps;
  const settings = config.mail;
  if (settings === undefined) {
    const write = async () => undefined;
    const onOutcome = () => undefined;
    return {
      outbox: createOutbox({ sending: undefined, write, onOutcome, logger, tracer }),
      devRoutes: [],
      mailPage: undefined,
    };
  }

  const queue = createJobQueue({ db, logger });
  const backlog = stack.adopt(watchMailBacklog(db), (watch) => watch.stop());
  const { count } = createMailMetrics(metrics, backlog.current);
  const write = createLetterWriter({ db, publicUrl: settings.publicUrl });
  const deliver = createDelivery(deps, settings);
  const keepsMails = settings.server === undefined;
  const outbox = createOutbox({ sending: { queue, deliver, keepsMails }, write, onOutcome: count, logger, tracer });
  runQueue({ queue, lifecycle, stack });
  const devRoutes: readonly Routes[] = keepsMails ? [devMailRoutes(db)] : [];
  return { outbox, devRoutes, mailPage: keepsMails ? devMailPath : undefined };
}

/**
 * Delivers through the mail server, and adds its health check. In development without a mail server, mails are only kept
 * for the page `/dev/mail`.
 */
function createDelivery(
  { clock, certificates, addCheck }: MailPartsDeps,
  { server, from }: NonNullable<Config["mail"]>,
): Deliver {
  if (server === undefined) return async () => undefined;
  const smtp = createSmtpDelivery({
    server,
    from,
    onCertificate: (expiresAt) => certificates.recordLatest("mail", expiresAt),
  });
  const { check, onDelivery } = createMailCheck({ connect: smtp.check, now: clock.now });
  addCheck(check);
  return (mail, signal) => smtp.deliver(mail, signal, onDelivery);
}

/**
 * Starts the queue, and pauses it while the instance drains, so that no delivery is cut when the process ends. Other
 * instances run the remaining jobs.
 */
function runQueue({ queue, lifecycle, stack }: { queue: JobQueue } & Pick<MailPartsDeps, "lifecycle" | "stack">): void {
  stack.defer(queue.stop);
  stack.defer(
    lifecycle.onChange(({ phase }) => {
      if (phase === "draining") queue.pause();
    }),
  );
  queue.start();
}
