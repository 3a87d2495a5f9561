export type ByteBudgetOptions = { maxBytes: number; rejectionError(): Error };

/** Limits the total bytes that all users of the budget hold at the same time. */
export function createByteBudget({ maxBytes, rejectionError }: ByteBudgetOptions) {
  let held = 0;
  return {
    reserve(bytes: number): void {
      if (held + bytes > maxBytes) throw rejectionError();
      held += bytes;
    },
    release(bytes: number): void {
      held -= bytes;
    },
  };
}

export type ByteBudget = ReturnType<typeof createByteBudget>;
