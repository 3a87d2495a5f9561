type Slot<Member> = { readonly member: Member; index: number };

/**
 * Creates a set for members that come and go quickly. Removed members can be garbage-collected at once. V8 keeps the
 * removed members of a `Set` in memory until a full garbage collection.
 */
export function createUnorderedSet<Member>() {
  const slots: Slot<Member>[] = [];
  return {
    /** Returns a function that removes the member; calling it again does nothing. */
    add(member: Member): () => void {
      const slot: Slot<Member> = { member, index: slots.length };
      slots.push(slot);
      return () => {
        const last = slots[slots.length - 1];
        if (last === undefined || slots[slot.index] !== slot) return;
        slots.pop();
        if (last === slot) return;
        slots[slot.index] = last;
        last.index = slot.index;
      };
    },
    size: (): number => slots.length,
    /** Returns a copy, in no particular order. */
    members: (): Member[] => slots.map(({ member }) => member),
  };
}
