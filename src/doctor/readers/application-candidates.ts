import type { Place } from "../config-values.ts";
import type { Diagnostics } from "../diagnostics.ts";

/** Something that may be an instance of the application: everything that is not known to be something else. */
export type Candidate<T> = {
  value: T;
  title: string;
  at: Place;
  /** What says so: it answers requests, it is cared for as if it did, or nothing. */
  evidence: "serves" | "likely" | "none";
  /** Its name or its command is that of something that works in the background. */
  background: boolean;
  /** The program that it runs: two of the same are instances of the same. */
  program: string;
};

export const isBackground = (...words: readonly string[]): boolean =>
  words.some((word) =>
    /(?:^|[^a-z])(?:workers?|celery|sidekiq|cron(?:job)?|scheduler|beat|consumers?|jobs?|queues?|seed|backup)(?:[^a-z]|$)/i.test(
      word,
    ),
  );

/** Those that are taken for the application. Whatever is passed over is said. */
export function selectApplications<T>(candidates: readonly Candidate<T>[], diagnostics: Diagnostics): T[] {
  const certain = candidates.filter(({ evidence }) => evidence === "serves");
  const programs = new Set(certain.map(({ program }) => program));
  const foreground = candidates.filter(({ background }) => !background);
  const likely = foreground.filter(
    ({ evidence, program }) => evidence === "likely" && (certain.length === 0 || programs.has(program)),
  );
  const found = candidates.filter((one) => certain.includes(one) || likely.includes(one));
  const taken = found.length === 0 && foreground.length === 1 ? foreground : found;
  for (const one of candidates)
    if (!taken.includes(one))
      diagnostics.addNote(one.at, `${one.title}: not taken for the application, so it is not judged`);
  return taken.map(({ value }) => value);
}
