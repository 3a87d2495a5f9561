export const kinds = ["public", "read", "write", "login"] as const;
export type Kind = (typeof kinds)[number];

export const kindLabels: Readonly<Record<Kind, string>> = {
  public: "public read",
  read: "authenticated read",
  write: "write",
  login: "login",
};

/** The result of an attempt: "ok", an error status with the code of its problem, or the failure of the connection. */
export type AttemptResult = "ok" | "reset" | "refused" | "timeout" | `${number}` | `${number} ${string}`;

/** Times are those of performance.now(). */
export type Attempt = { kind: Kind; startedAt: number; ms: number; result: AttemptResult };

/**
 * One request with its retries: `ms` includes all attempts and the pauses between them, `result` is that of the last
 * attempt, `attempts` is their number.
 */
export type Request = { kind: Kind; startedAt: number; ms: number; result: AttemptResult; attempts: number };

/** Returns whether an attempt got no response or a 5xx. A 4xx, such as 401 for a revoked session, is no failure. */
export const isFailure = ({ result }: { result: AttemptResult }): boolean =>
  result !== "ok" && !/^4\d\d\b/.test(result);
