const turnsInARound = 20;

/** Visits every member once in each interval, a few at a time: one timer for all, and none while there is nobody. */
export function createStaggeredVisits<Member>(everyMs: number, visit: (member: Member) => void) {
  const members = new Set<Member>();
  let timer: NodeJS.Timeout | undefined;
  let due = 0;

  const turn = () => {
    due += members.size / turnsInARound;
    for (const member of members) {
      if (due < 1) break;
      due -= 1;
      // To the end of the queue.
      members.delete(member);
      members.add(member);
      visit(member);
    }
  };
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
    due = 0;
  };

  return {
    add(member: Member): void {
      members.add(member);
      timer ??= setInterval(turn, everyMs / turnsInARound).unref();
    },
    remove(member: Member): void {
      members.delete(member);
      if (members.size === 0) stop();
    },
    stop,
  };
}
