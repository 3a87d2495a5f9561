/** A row of `properties`. Every write creates a property with a unique name. */
export type Row = { name: string; id: string };

export type Balance = {
  acknowledged: number;
  /** Writes without a response, which may be stored once or not at all. */
  unanswered: number;
  /** Acknowledged writes whose row is missing, or has another id than the response. */
  lost: readonly string[];
  /** Writes that are stored more than once. */
  duplicated: readonly string[];
};

/** Records each write and its acknowledgement, to compare them with the rows in the database. */
export function createLedger() {
  const writes = new Map<string, { id: string | undefined }>();
  return {
    recordRequest: (name: string) => writes.set(name, { id: undefined }),
    recordAcknowledgement: (name: string, id: string) => writes.set(name, { id }),
    /** Compares the rows with the writes that have these names, or with all writes. */
    balance(rows: readonly Row[], names: Iterable<string> = writes.keys()): Balance {
      const found = new Map<string, string[]>();
      for (const { name, id } of rows) found.set(name, [...(found.get(name) ?? []), id]);
      const expected = [...names];
      const acknowledged = expected.filter((name) => writes.get(name)?.id !== undefined);
      return {
        acknowledged: acknowledged.length,
        unanswered: expected.length - acknowledged.length,
        lost: acknowledged.filter((name) => !found.get(name)?.includes(writes.get(name)?.id ?? "")),
        duplicated: expected.filter((name) => (found.get(name)?.length ?? 0) > 1),
      };
    },
    names: (): string[] => [...writes.keys()],
  };
}

export type Ledger = ReturnType<typeof createLedger>;

export const isExact = ({ lost, duplicated }: Balance): boolean => lost.length === 0 && duplicated.length === 0;
