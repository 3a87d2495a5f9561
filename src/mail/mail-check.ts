import { CheckFailed } from "../core/errors/failure-reason.ts";
import type { Check } from "../kit/health/check.ts";

export type MailCheckDeps = {
  /** Connects to the mail server and signs in. */
  connect(signal: AbortSignal): Promise<void>;
  now(): number;
};

/**
 * The pause between connections. Mail servers limit the connections of a client, and block it after failed sign-ins.
 */
const pauseMs = 30_000;
/** The shorter pause while the mail server is unavailable, so that the check soon reports its recovery. */
const unavailablePauseMs = 5000;

/**
 * Proves that the mail server accepts this client. The check never takes the instance out of rotation, because mails
 * wait in Postgres until the mail server is back. Between two connections the check repeats the last result. After a
 * first failure, the next check connects again without a pause.
 */
export function createMailCheck({ connect, now }: MailCheckDeps) {
  let lastResult: { at: number; error: unknown; isFirstFailure: boolean } | undefined;

  const record = (error: unknown, at = now()): void => {
    lastResult = { at, error, isFirstFailure: error !== undefined && lastResult?.error === undefined };
  };

  const isDue = (): boolean => {
    if (lastResult === undefined || lastResult.isFirstFailure) return true;
    const isUnavailable = lastResult.error !== undefined && !isRejectedSignIn(lastResult.error);
    return now() - lastResult.at >= (isUnavailable ? unavailablePauseMs : pauseMs);
  };

  const check: Check = {
    name: "mail",
    critical: false,
    async run(signal) {
      if (isDue()) {
        const at = now();
        await connect(signal).then(
          () => record(undefined, at),
          (error: unknown) => record(error, at),
        );
      }
      if (lastResult?.error !== undefined) throw lastResult.error;
    },
  };
  return {
    check,
    /** Records the result of a delivery, so that the check reports it before its next connection. */
    onDelivery: (error: unknown): void => record(error),
  };
}

const isRejectedSignIn = (error: unknown): boolean => error instanceof CheckFailed && error.reason === "credentials";
