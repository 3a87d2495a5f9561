const perTurn = 5;

/**
 * Lets a few through in each turn of the event loop and the rest in the turns that follow. A burst of two hundred
 * requests would otherwise be begun in one go, and a probe that came with it would wait for all of them.
 */
export function createRequestPacer(most = perTurn) {
  const waiting: (() => void)[] = [];
  let passed = 0;
  let scheduled = false;

  const schedule = () => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(nextTurn);
  };

  const nextTurn = () => {
    scheduled = false;
    passed = 0;
    for (const begin of waiting.splice(0, most)) {
      passed += 1;
      begin();
    }
    if (waiting.length > 0) schedule();
  };

  return {
    run(begin: () => void): void {
      schedule();
      if (passed >= most || waiting.length > 0) {
        waiting.push(begin);
        return;
      }
      passed += 1;
      begin();
    },
  };
}
