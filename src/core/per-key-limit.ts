export type PerKeyLimitOptions = {
  /** How much one of them may have at once. */
  maxPerKey: number;
  onRejected(): Error;
};

/** Counts what each has of something that is there for all, so that nobody has more than a share. */
export function createPerKeyLimit({ maxPerKey, onRejected }: PerKeyLimitOptions) {
  const taken = new Map<string, number>();
  return {
    /** Takes one; what it returns gives it back. */
    take(key: string): () => void {
      const before = taken.get(key) ?? 0;
      if (before >= maxPerKey) throw onRejected();
      taken.set(key, before + 1);
      let isBack = false;
      return () => {
        if (isBack) return;
        isBack = true;
        const left = (taken.get(key) ?? 1) - 1;
        if (left > 0) taken.set(key, left);
        else taken.delete(key);
      };
    },
  };
}

export type PerKeyLimit = ReturnType<typeof createPerKeyLimit>;
