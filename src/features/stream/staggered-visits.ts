const turnsPerInterval = 20;

/**
 * Visits every member once per interval, and spreads the visits over the interval. One timer serves all members; without
 * members there is no timer.
 */
export function createStaggeredVisits<Member>(intervalMs: number, visit: (member: Member) => void) {
  const members = new Set<Member>();
  let timer: NodeJS.Timeout | undefined;
  let due = 0;

  const turn = () => {
    due += members.size / turnsPerInterval;
    for (const member of members) {
      if (due < 1) break;
      due -= 1;
      // Moves the member to the end of the queue.
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
      timer ??= setInterval(turn, intervalMs / turnsPerInterval).unref();
    },
    remove(member: Member): void {
      members.delete(member);
      if (members.size === 0) stop();
    },
    stop,
  };
}
