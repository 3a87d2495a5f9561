import type { Example } from "../../../src/doctor/rule.ts";
import { diagnoseTexts, type Texts } from "../support/diagnose.ts";

// Faults that are planted into valid configurations, each with a corrected twin: the same place, changed in a valid way.

export type Base = {
  name: string;
  kind: Example["kind"];
  text: string;
  /** Other configurations of the same deployment. */
  alongside?: Texts;
  /** Files that the configurations refer to, by name, such as the rules of prometheus.yml. */
  more?: Readonly<Record<string, string>>;
  application?: "haven" | "unknown";
};

type Change = string | ((text: string) => string);

/**
 * A rule, the part of a base that is replaced, replacements that the rule should report, and valid ones (the twins). If
 * there are fewer twins than faults, the twins are used again from the first.
 */
export type Fault = readonly [rule: string, part: RegExp, faults: readonly Change[], twins: readonly Change[]];

export type Planted = { rule: string; base: Base; fault: string; twin: string; change: string };

/** Returns one planted fault for each base that has the part, and each replacement. */
export const plant = (bases: readonly Base[], faults: readonly Fault[]): Planted[] =>
  bases.flatMap((base) =>
    faults.flatMap(([rule, part, wrong, right]) =>
      part.test(base.text)
        ? wrong.map((change, index) => ({
            rule,
            base,
            fault: changed(base.text, part, change),
            twin: changed(base.text, part, right[index % right.length] ?? ""),
            change: typeof change === "string" ? change.trim().split("\n").join(" ") : "in several lines",
          }))
        : [],
    ),
  );

const changed = (text: string, part: RegExp, change: Change): string =>
  text.replace(part, typeof change === "string" ? () => change : change);

export type Outcome = Planted & { found: boolean; falseAlarms: readonly string[] };

/** Judges a planted fault and its twin with the rules that are on by default. */
export function judge(planted: Planted): Outcome {
  const { rule, fault, twin } = planted;
  const alarms = rulesIn(planted, twin);
  return { ...planted, found: rulesIn(planted, fault).includes(rule), falseAlarms: alarms };
}

export function rulesIn({ base }: Pick<Planted, "base">, text: string): string[] {
  const { findings } = diagnoseTexts(
    { ...base.alongside, [base.kind]: text },
    base.more,
    base.application ?? "default",
  );
  return [...new Set(findings.map((finding) => finding.rule))];
}
