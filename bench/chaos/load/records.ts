export const kinds = ["public", "read", "write"] as const;
export type Kind = (typeof kinds)[number];

export const inWords: Readonly<Record<Kind, string>> = {
  public: "public read",
  read: "authenticated read",
  write: "write",
};

/** "ok", a status that was not hoped for with the code of its problem, or how the connection ended. */
export type How = "ok" | "reset" | "refused" | "timeout" | `${number}` | `${number} ${string}`;

/** Times are those of performance.now(). */
export type Attempt = { kind: Kind; startedAt: number; ms: number; how: How };

/** What a user waited for: all attempts at one thing, and the waiting between them. */
export type Request = { kind: Kind; startedAt: number; ms: number; how: How; attempts: number };

/** No answer, or an answer that says that the fault is ours. A 4xx is an answer: 401 of a session that is gone is right. */
export const isFailure = ({ how }: { how: How }): boolean => how !== "ok" && !/^4\d\d\b/.test(how);
