import type { Diagnostics } from "../diagnostics.ts";
import type { Place } from "../facts/config-values.ts";

/** A container or service that may run the application: its image is not that of a well-known program. */
export type Candidate<T> = {
  value: T;
  title: string;
  at: Place;
  /** "serves": it has ports or probes. "likely": other fields suggest a server. "none": no evidence. */
  evidence: "serves" | "likely" | "none";
  /** Its name or command suggests a worker, a scheduler or a similar background process. */
  runsInBackground: boolean;
  /** Image and command. Two candidates with the same program are instances of the same application. */
  program: string;
};

export const isBackground = (...words: readonly string[]): boolean =>
  words.some((word) =>
    /(?:^|[^a-z])(?:workers?|celery|sidekiq|cron(?:job)?|scheduler|beat|consumers?|jobs?|queues?|seed|backup)(?:[^a-z]|$)/i.test(
      word,
    ),
  );

/** Selects the candidates that run the application, and records each one that is left out. */
export function selectApplications<T>(candidates: readonly Candidate<T>[], diagnostics: Diagnostics): T[] {
  const certain = candidates.filter(({ evidence, runsInBackground }) => evidence === "serves" && !runsInBackground);
  const programs = new Set(certain.map(({ program }) => program));
  const foreground = candidates.filter(({ runsInBackground }) => !runsInBackground);
  const likely = foreground.filter(
    ({ evidence, program }) => evidence === "likely" && (certain.length === 0 || programs.has(program)),
  );
  const found = candidates.filter((one) => certain.includes(one) || likely.includes(one));
  const selected = found.length === 0 && foreground.length === 1 ? foreground : found;
  for (const one of candidates)
    if (!selected.includes(one))
      diagnostics.addNote(one.at, `${one.title}: does not look like the application, so it is not judged`);
  return selected.map(({ value }) => value);
}
