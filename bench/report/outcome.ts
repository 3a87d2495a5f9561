import type { Testbed } from "../testbed.ts";
import type { Bar, Spread } from "./statistics.ts";

export type Unit = "ratio" | "times" | "ms" | "s" | "kB" | "MB" | "/s";

/** One performance bound, and its measurement. */
export type Claim = {
  /** The name of the measurement, in the report. */
  what: string;
  bound: Bound;
  measured: Spread;
  unit: Unit;
  /** Why the bound is not met, if the reason is known. */
  because?: string;
};

export type Bound = { kind: "at least" | "at most"; value: number };

export type Chart = { name: string; title: string; unit: Unit; bars: readonly Bar[] };

export type Outcome = { claims: readonly Claim[]; charts: readonly Chart[]; notes: readonly string[] };

/** How long to measure: long enough for a figure, or only to check that every request gets a response. */
export type RunLength = { rounds: number; seconds: number; quick: boolean };

export type Scenario = {
  name: string;
  title: string;
  /** The reasons for the result, for the report. */
  why: string;
  /** Why its figures differ from those of the last report, if the server or the scenario has changed since then. */
  changed?: string;
  run(testbed: Testbed, runLength: RunLength): Promise<Outcome>;
};

export const holds = ({ bound, measured }: Claim): boolean =>
  bound.kind === "at least" ? measured.median >= bound.value : measured.median <= bound.value;

export const atLeast = (value: number): Bound => ({ kind: "at least", value });
export const atMost = (value: number): Bound => ({ kind: "at most", value });

/** Returns the format of the figures of a claim: a small miss is written with enough digits to show it. */
export function figuresOf(claim: Claim): (value: number) => string {
  const { bound, measured, unit } = claim;
  const usual = (value: number) => figure(value, unit);
  if (holds(claim) || usual(measured.median) !== usual(bound.value)) return usual;
  let digits = 2;
  while (measured.median.toFixed(digits) === bound.value.toFixed(digits)) digits += 1;
  return (value) => `${value.toFixed(digits)}${unit === "ratio" || unit === "times" ? "" : ` ${unit}`}`;
}

export const figure = (value: number, unit: Unit): string => {
  if (unit === "ratio" || unit === "times") return value.toFixed(2);
  if (unit === "s") return `${value.toFixed(2)} s`;
  if (unit === "/s") return `${Math.round(value).toLocaleString("en")}/s`;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
};
