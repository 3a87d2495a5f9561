import { AppError } from "../core/errors/app-error.ts";
import { uuidv7 } from "../core/ids.ts";
import type { Logger } from "../core/logging/logger.ts";
import type { Tracer } from "../core/tracer.ts";
import type { Transaction } from "../db/pool.ts";
import type { JobOutcome, JobQueue } from "../jobs/job-queue.ts";
import { type Deliver, DeliveryError, type Mail } from "./mail.ts";

export type OutboxDeps<Letter> = {
  /** Undefined if this server sends no mail. */
  sending: { queue: Pick<JobQueue, "add" | "handle">; deliver: Deliver; keepsMails: boolean } | undefined;
  /** Writes the mail shortly before its delivery, or returns undefined if the mail is no longer needed. */
  write(id: string, letter: Letter): Promise<Mail | undefined>;
  onOutcome(outcome: "delivered" | "repeated" | "failed"): void;
  logger: Pick<Logger, "info" | "warn">;
  tracer: Pick<Tracer, "job" | "span" | "headers">;
};

export const mailQueue = "mail";
export const failedMailQueue = "mail-failed";

/** The field of a job that links the trace of the delivery with the request that added the letter. */
const causeField = "traceparent";

/**
 * How long finished jobs are kept. Without a mail, a job shows an operator that its mail was sent. With the mail, which
 * is for development, a job can also be read at `/dev/mail`.
 */
const keptSeconds = { withoutMail: 3600, withMail: 86_400 } as const;

/**
 * Queues mails in the transaction that needs them, and sends them after its commit. The queue contains the letter,
 * which is the reason for a mail and has no secrets. The mail itself, with its token, is written at the delivery and
 * exists only in memory.
 */
export function createOutbox<Letter extends { kind: string }>(deps: OutboxDeps<Letter>) {
  const { sending, write, onOutcome, logger, tracer } = deps;

  const assertSendsMail = (): NonNullable<typeof sending> => {
    if (sending !== undefined) return sending;
    throw new AppError("unavailable", "This server sends no mail: its operator has to set MAIL_URL.", {
      retryAfterSeconds: 600,
    });
  };

  const deliverLetter = async (
    { deliver, keepsMails }: NonNullable<typeof sending>,
    { id, letter, signal, fail }: { id: string; letter: Letter; signal: AbortSignal; fail: (error: unknown) => void },
  ): Promise<JobOutcome> => {
    const mail = await write(id, letter);
    if (mail === undefined) return { result: "done" };
    try {
      await tracer.span({ name: "smtp send", kind: "client" }, () => deliver(mail, signal));
    } catch (error) {
      if (!(error instanceof DeliveryError)) throw error;
      fail(error);
      logger.warn({ job: id, kind: letter.kind, reason: error.message }, "delivering a mail failed");
      onOutcome(error.isPermanent ? "failed" : "repeated");
      return { result: error.isPermanent ? "give_up" : "repeat", output: { reason: error.message } };
    }
    logger.info({ job: id, kind: letter.kind }, "mail delivered");
    onOutcome("delivered");
    return { result: "done", ...(keepsMails && { output: mail }) };
  };

  if (sending !== undefined)
    sending.queue.handle(mailQueue, ({ id, data }, signal) => {
      const letter = data as Letter & { [causeField]?: string };
      const description = { name: "deliver a mail", attributes: { "haven.mail.kind": letter.kind } };
      return tracer.job(description, letter[causeField], (fail) =>
        deliverLetter(sending, { id, letter, signal, fail }),
      );
    });

  return {
    /** Whether this server sends mail. */
    sendsMail: sending !== undefined,
    /** Throws 503 if this server sends no mail. Called before work that would be useless without mail. */
    assertSendsMail: (): void => void assertSendsMail(),
    /** Adds a letter in the caller's transaction. */
    async add(tx: Transaction, letter: Letter): Promise<void> {
      const { queue, keepsMails } = assertSendsMail();
      const seconds = keepsMails ? keptSeconds.withMail : keptSeconds.withoutMail;
      const cause = tracer.headers()["traceparent"];
      const data = cause === undefined ? letter : { ...letter, [causeField]: cause };
      await queue.add(tx, mailQueue, { id: uuidv7(), data }, seconds);
    },
  };
}

export type Outbox<Letter extends { kind: string }> = ReturnType<typeof createOutbox<Letter>>;
