/** The exit codes of all commands. The README documents them. */
export const exitCodes = { ok: 0, failed: 1, pending: 3, usage: 64, config: 78, interrupted: 130 } as const;
