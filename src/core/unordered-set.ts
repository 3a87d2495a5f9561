type Entry<Member> = { readonly member: Member; place: number };

/**
 * Who is here now, where many come and go. Unlike a Set it keeps nothing of who has left: the old tables of a Set
 * refer to newer ones, and so drag along what went through them until the next full collection.
 */
export function createUnorderedSet<Member>() {
  const entries: Entry<Member>[] = [];
  return {
    /** Gives what takes it out again, once. */
    add(member: Member): () => void {
      const entry = { member, place: entries.length };
      entries.push(entry);
      return () => {
        const last = entries[entries.length - 1];
        if (last === undefined || entries[entry.place] !== entry) return;
        entries.pop();
        if (last === entry) return;
        entries[entry.place] = last;
        last.place = entry.place;
      };
    },
    size: (): number => entries.length,
    /** In no order. What joins or leaves meanwhile changes nothing. */
    members: (): Member[] => entries.map(({ member }) => member),
  };
}
