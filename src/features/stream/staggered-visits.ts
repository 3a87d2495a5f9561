const ticksPerInterval = 20;

/**
 * Visits every member once per interval, and spreads the visits over the interval. One timer serves all members; without
 * members there is no timer.
 */
export function createStaggeredVisits<Member>(intervalMs: number, visit: (member: Member) => void) {
  const members = new Set<Member>();
  let timer: NodeJS.Timeout | undefined;
  let dueVisits = 0;

  const visitDueMembers = () => {
    dueVisits += members.size / ticksPerInterval;
    for (const member of members) {
      if (dueVisits < 1) break;
      dueVisits -= 1;
      // Moves the member to the end of the set, so that all others are visited before it.
      members.delete(member);
      members.add(member);
      visit(member);
    }
  };
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
    dueVisits = 0;
  };

  return {
    add(member: Member): void {
      members.add(member);
      timer ??= setInterval(visitDueMembers, intervalMs / ticksPerInterval).unref();
    },
    remove(member: Member): void {
      members.delete(member);
      if (members.size === 0) stop();
    },
    stop,
  };
}
