export const kinds = ["public", "read", "write", "login"] as const;
export type Kind = (typeof kinds)[number];

export const inWords: Readonly<Record<Kind, string>> = {
  public: "public read",
  read: "authenticated read",
  write: "write",
  login: "login",
};

/** "ok", an unexpected status with the code of its problem, or how the connection ended. */
export type How = "ok" | "reset" | "refused" | "timeout" | `${number}` | `${number} ${string}`;

/** Times are those of performance.now(). */
export type Attempt = { kind: Kind; startedAt: number; ms: number; how: How };

/** All attempts of one request, and the pauses between them. */
export type Request = { kind: Kind; startedAt: number; ms: number; how: How; attempts: number };

/** No response, or a 5xx. A 4xx is no failure: 401 is the right response for a revoked session. */
export const isFailure = ({ how }: { how: How }): boolean => how !== "ok" && !/^4\d\d\b/.test(how);
