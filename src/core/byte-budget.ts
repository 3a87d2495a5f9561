export type ByteBudgetOptions = { maxBytes: number; onRejected(): Error };

/** Bounds how many bytes are held at once by all that share the budget. */
export function createByteBudget({ maxBytes, onRejected }: ByteBudgetOptions) {
  let held = 0;
  return {
    reserve(bytes: number): void {
      if (held + bytes > maxBytes) throw onRejected();
      held += bytes;
    },
    release(bytes: number): void {
      held -= bytes;
    },
  };
}

export type ByteBudget = ReturnType<typeof createByteBudget>;
