/** The number of runs that have to pass after a symptom: two until the check is up again, and one more. */
const runsAfterSymptom = 3;

/** Returns a check that runs only after a symptom, until it has passed often enough; otherwise it passes at once. */
export function runOnSuspicion(check: (signal: AbortSignal) => Promise<void>) {
  let runsLeft = 0;
  return {
    suspect(): void {
      runsLeft = runsAfterSymptom;
    },
    async run(signal: AbortSignal): Promise<void> {
      if (runsLeft === 0) return;
      try {
        await check(signal);
        runsLeft -= 1;
      } catch (error) {
        runsLeft = runsAfterSymptom;
        throw error;
      }
    },
  };
}
