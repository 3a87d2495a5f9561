export type ByteBudgetOptions = { maxBytes: number; rejectionError(): Error };

/** Limits the total bytes that all users of the budget hold at the same time. */
export function createByteBudget({ maxBytes, rejectionError }: ByteBudgetOptions) {
  let reservedBytes = 0;
  return {
    reserve(bytes: number): void {
      if (reservedBytes + bytes > maxBytes) throw rejectionError();
      reservedBytes += bytes;
    },
    release(bytes: number): void {
      reservedBytes -= bytes;
    },
  };
}

export type ByteBudget = ReturnType<typeof createByteBudget>;
