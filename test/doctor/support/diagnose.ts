import { posix } from "node:path";
import { type Diagnosis, diagnose } from "../../../src/doctor/diagnose.ts";
import { createDiagnostics } from "../../../src/doctor/diagnostics.ts";
import type { Files } from "../../../src/doctor/files.ts";
import { type ConfigPaths, configKinds } from "../../../src/doctor/read-deployments.ts";
import {
  applicationVariable,
  readDotEnv,
  type SettingValue,
} from "../../../src/doctor/readers/application-settings.ts";
import { parseRunningInstance } from "../../../src/doctor/readers/running-instance.ts";
import type { Example, RuleLevels } from "../../../src/doctor/rule.ts";
import { allRules } from "../../../src/doctor/rules/all-rules.ts";

/** Sources for the readers, without kubectl and without standard input. */
export const sourcesOf = (files: Files) => ({
  files,
  readStdin: () => "",
  runKustomize: () => ({ problem: "kubectl is not on the PATH" }),
  program: "haven-doctor",
});

/** Files in memory, by path. */
export function filesOf(texts: Readonly<Record<string, string>>): Files {
  const isFolder = (path: string) => Object.keys(texts).some((name) => name.startsWith(`${path.replace(/\/$/, "")}/`));
  const normal = (path: string) => posix.normalize(path).replace(/(.)\/$/, "$1");
  return {
    displayPath: normal,
    realPath: normal,
    kind: (path) =>
      texts[normal(path)] !== undefined ? "file" : isFolder(normal(path)) || normal(path) === "." ? "folder" : "none",
    read: (path) => texts[normal(path)] ?? "",
    list(path) {
      const folder = normal(path) === "." ? "" : `${normal(path)}/`;
      const inside = Object.keys(texts).filter((name) => name.startsWith(folder));
      return [...new Set(inside.map((name) => name.slice(folder.length).split("/")[0] ?? ""))].sort();
    },
  };
}

export type Texts = Partial<Record<Example["kind"], string>>;

const names = {
  nginx: "nginx.conf",
  haproxy: "haproxy.cfg",
  kubernetes: "objects.yaml",
  compose: "compose.yml",
  alb: "alb.yaml",
  render: "render.yaml",
  railway: "railway.json",
  prometheus: "prometheus.yml",
  pgbouncer: "pgbouncer.ini",
  settings: "settings.env",
  live: "live.json",
} as const;

export const fileOf = (kind: Example["kind"]): string => names[kind];

const everyRuleOn: RuleLevels = Object.fromEntries(allRules.map(({ id }) => [id, "on"]));

/**
 * Diagnoses one deployment with one file per kind. With "haven", the application is Haven and every rule is on. With
 * "default", the application is Haven and the rules have their default levels. With "unknown", no setting states
 * which application it is, and the rules have their default levels.
 */
export function diagnoseTexts(
  texts: Texts,
  more: Readonly<Record<string, string>> = {},
  application: "haven" | "unknown" | "default" = "haven",
): Diagnosis {
  const kinds = Object.keys(names).filter((kind): kind is Example["kind"] => Object.hasOwn(names, kind));
  const kindsWithText = kinds.filter((kind) => texts[kind] !== undefined);
  const files = filesOf({
    ...more,
    ...Object.fromEntries(kindsWithText.map((kind) => [names[kind], texts[kind] ?? ""])),
  });
  const path = (kind: Example["kind"]) => (texts[kind] === undefined ? [] : [names[kind]]);
  const deployment: ConfigPaths = Object.fromEntries(
    configKinds.map((kind) => [kind, path(kind === "k8s" ? "kubernetes" : kind)]),
  );
  const diagnostics = createDiagnostics();
  const rules = application === "haven" ? everyRuleOn : undefined;
  const settings = new Map<string, SettingValue>(
    [...readDotEnv(texts.settings ?? "", names.settings, diagnostics)].map(([name, value]) => [
      name,
      { ...value, isExternal: true },
    ]),
  );
  if (application !== "unknown")
    settings.set(applicationVariable, { text: "haven", at: { file: "environment", line: 1 } });
  const live = texts.live === undefined ? undefined : liveOf(texts.live);
  return diagnose(
    { deployments: [deployment], settings, settingsFile: "environment", live, rules },
    { ...sourcesOf(files), diagnostics },
  );
}

function liveOf(text: string) {
  const seconds: unknown = JSON.parse(text).keepAliveSeconds;
  const at = { file: names.live, line: 1 };
  return parseRunningInstance(text, { at, status: 200, keepAlive: `timeout=${String(seconds)}` });
}

export const rulesIn = ({ findings }: Diagnosis): string[] => findings.map(({ rule }) => rule);
