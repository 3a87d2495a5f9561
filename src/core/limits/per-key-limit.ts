export type PerKeyLimitOptions = {
  maxPerKey: number;
  rejectionError(): Error;
};

/** Limits how many places one key, such as a user, can hold at the same time. */
export function createPerKeyLimit({ maxPerKey, rejectionError }: PerKeyLimitOptions) {
  const countByKey = new Map<string, number>();
  return {
    /** Takes a place, and returns the function that releases it. */
    take(key: string): () => void {
      const count = countByKey.get(key) ?? 0;
      if (count >= maxPerKey) throw rejectionError();
      countByKey.set(key, count + 1);
      let isReleased = false;
      return () => {
        if (isReleased) return;
        isReleased = true;
        const remaining = (countByKey.get(key) ?? 1) - 1;
        if (remaining > 0) countByKey.set(key, remaining);
        else countByKey.delete(key);
      };
    },
  };
}

export type PerKeyLimit = ReturnType<typeof createPerKeyLimit>;
