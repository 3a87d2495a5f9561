import { z } from "zod";
import { type Diagnostics, UnreadableError } from "../diagnostics.ts";
import { type KnownVersion, type Program, parseVersion, programs, type Versions } from "../facts/versions.ts";
import { type Files, readOptionalText } from "../files.ts";
import type { SettingValue } from "../readers/application-settings.ts";
import { settingsFromTree } from "../readers/settings-file.ts";
import { entries, get, parseYaml, type Tree, text } from "../readers/yaml-tree.ts";
import type { RuleLevels } from "../rule.ts";
import { allRules } from "../rules/all-rules.ts";

export const gateConfigNames = [".haven-doctor.yaml", ".haven-doctor.yml"];

export type FailOn = "error" | "warning" | "never";

/** An entry of `ignores`. Without a file it holds for all files. */
export type ConfiguredIgnore = {
  rule: string;
  file?: string | undefined;
  reason: string;
  expires?: string | undefined;
};

/** The content of `.haven-doctor.yaml`. */
export type GateConfig = {
  levels: RuleLevels;
  ignores: readonly ConfiguredIgnore[];
  settings: ReadonlyMap<string, SettingValue>;
  versions: Versions;
  baseline: string | undefined;
  failOn: FailOn | undefined;
};

export const emptyGateConfig: GateConfig = {
  levels: {},
  ignores: [],
  settings: new Map(),
  versions: {},
  baseline: undefined,
  failOn: undefined,
};

const ruleId = z.string().refine((id) => allRules.some((rule) => rule.id === id), "is not a rule of the doctor");
const date = z.iso.date();

const schema = z.strictObject({
  application: z.enum(["haven", "other"]).optional(),
  rules: z.record(ruleId, z.enum(["on", "off"])).optional(),
  severities: z.record(ruleId, z.enum(["error", "warning"])).optional(),
  ignores: z
    .array(
      z.strictObject({
        rule: ruleId,
        file: z.string().min(1).optional(),
        reason: z.string().trim().min(1),
        expires: date.optional(),
      }),
    )
    .optional(),
  settings: z.record(z.string(), z.unknown()).optional(),
  versions: z.partialRecord(z.enum(["nginx", "haproxy", "kubernetes", "prometheus"]), z.string()).optional(),
  baseline: z.string().min(1).optional(),
  failOn: z.enum(["error", "warning", "never"]).optional(),
});

export function readGateConfig(files: Files, path: string, diagnostics: Diagnostics): GateConfig {
  const file = files.displayPath(path);
  const [top] = parseYaml(readOptionalText(files, path), file);
  if (top === undefined) return emptyGateConfig;
  const parsed = schema.safeParse(plainValue(top));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const at = placeOf(top, issue?.path ?? []);
    throw new UnreadableError(
      at,
      `${(issue?.path ?? []).join(".") || "the file"}: ${issue?.message ?? "is not valid"}`,
    );
  }
  const { application, rules = {}, severities = {}, ignores = [], baseline, failOn } = parsed.data;
  const settings = settingsFromTree(get(top, "settings"), diagnostics);
  if (application === "haven")
    settings.set("HAVEN_DOCTOR_APPLICATION", { text: "haven", at: get(top, "application")?.at ?? top.at });
  return {
    levels: { ...rules, ...severities, ...rulesTurnedOff(rules) },
    ignores,
    settings,
    versions: versionsIn(get(top, "versions")),
    baseline,
    failOn,
  };
}

/** A rule that is off stays off, whatever its severity. */
const rulesTurnedOff = (rules: RuleLevels): RuleLevels =>
  Object.fromEntries(Object.entries(rules).filter(([, level]) => level === "off"));

function versionsIn(tree: Tree | undefined): Versions {
  const found = entries(tree).flatMap(([name, value]): (readonly [Program, KnownVersion])[] => {
    const program = programs.find((one) => one === name);
    const version = parseVersion(text(value) ?? "");
    if (program === undefined || version === undefined)
      throw new UnreadableError(value.at, `versions.${name}: is not a version such as 1.28`);
    return [[program, { version, at: value.at }]];
  });
  return Object.fromEntries(found);
}

/** Returns the tree as plain values. Scalars stay texts, so that a version 1.30 is not the number 1.3. */
function plainValue(tree: Tree): unknown {
  if (tree.kind === "list") return tree.items.map(plainValue);
  if (tree.kind === "map")
    return Object.fromEntries([...tree.entries].map(([name, value]) => [name, plainValue(value)]));
  return tree.text;
}

function placeOf(top: Tree, path: readonly PropertyKey[]) {
  const steps = path.map((step) => (typeof step === "number" ? step : String(step)));
  for (let length = steps.length; length > 0; length--) {
    const found = get(top, ...steps.slice(0, length));
    if (found !== undefined) return found.at;
  }
  return top.at;
}
