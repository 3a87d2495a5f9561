/** A row as the database has it, by the name that its write gave it. */
export type Row = { name: string; id: string };

export type Balance = {
  acknowledged: number;
  /** Given up without an answer: there once, or not at all. */
  unanswered: number;
  /** Acknowledged, and not there under the id that was told. */
  lost: readonly string[];
  /** There more than once. */
  doubled: readonly string[];
};

/** What was asked for and what was promised, to be held against what is there. */
export function createLedger() {
  const asked = new Map<string, { id: string | undefined }>();
  return {
    asks: (name: string) => asked.set(name, { id: undefined }),
    acknowledges: (name: string, id: string) => asked.set(name, { id }),
    /** Of these names, or of all. */
    balance(rows: readonly Row[], names: Iterable<string> = asked.keys()): Balance {
      const found = new Map<string, string[]>();
      for (const { name, id } of rows) found.set(name, [...(found.get(name) ?? []), id]);
      const wanted = [...names];
      const promised = wanted.filter((name) => asked.get(name)?.id !== undefined);
      return {
        acknowledged: promised.length,
        unanswered: wanted.length - promised.length,
        lost: promised.filter((name) => !found.get(name)?.includes(asked.get(name)?.id ?? "")),
        doubled: wanted.filter((name) => (found.get(name)?.length ?? 0) > 1),
      };
    },
    names: (): string[] => [...asked.keys()],
  };
}

export type Ledger = ReturnType<typeof createLedger>;

export const isExact = ({ lost, doubled }: Balance): boolean => lost.length === 0 && doubled.length === 0;
