import type { Check } from "../kit/health/check.ts";

export type MailCheckDeps = {
  /** Connects to the mail server and signs in. */
  connect(signal: AbortSignal): Promise<void>;
  now(): number;
  /** The minimum time between two connections: mail servers limit how often a client may connect and sign in. */
  recheckAfterMs?: number;
};

const defaultRecheckAfterMs = 30_000;

/**
 * Proves that the mail server accepts this client. It never takes the instance out of rotation: mails wait in Postgres
 * until the server is available again. Between two connections the check repeats the last result.
 */
export function createMailCheck({ connect, now, recheckAfterMs = defaultRecheckAfterMs }: MailCheckDeps) {
  let last: { at: number; error: unknown } | undefined;
  const check: Check = {
    name: "mail",
    critical: false,
    async run(signal) {
      if (last === undefined || now() - last.at >= recheckAfterMs) {
        const at = now();
        const error = await connect(signal).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        last = { at, error };
      }
      if (last.error !== undefined) throw last.error;
    },
  };
  return {
    check,
    /** Uses the result of a delivery, so that the state changes with the first mail that shows it. */
    onDelivery(error: unknown): void {
      last = { at: now(), error };
    },
  };
}
