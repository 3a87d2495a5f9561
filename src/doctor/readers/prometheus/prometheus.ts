import { basename, dirname, isAbsolute, join, matchesGlob } from "node:path";
import { type Diagnostics, UnreadableError } from "../../diagnostics.ts";
import { type ConfigNumber, ms, type Place } from "../../facts/config-values.ts";
import { milliseconds } from "../../facts/units.ts";
import { type Files, readRequiredFile } from "../../files.ts";
import { get, list, parseYaml, type Tree, text } from "../yaml-tree.ts";

export type Scrape = { name: string; interval: ConfigNumber; timeout: ConfigNumber | undefined };
/** The expression of an alerting or recording rule. */
export type Query = { text: string; at: Place };
export type Monitoring = {
  scrapes: readonly Scrape[];
  /** The global settings. They are judged even if no job uses them. */
  common?: Scrape;
  queries: readonly Query[];
};

const prometheusDefault = "Prometheus' default";

export function readPrometheus(files: Files, path: string, diagnostics: Diagnostics): Monitoring {
  const file = files.displayPath(path);
  const [top] = parseYaml(readRequiredFile(files, path), file);
  if (get(top, "groups") !== undefined) return { scrapes: [], queries: queriesOf(top) };
  if (get(top, "scrape_configs") === undefined && get(top, "global") === undefined)
    throw new UnreadableError(
      { file, line: 1 },
      "is not a Prometheus configuration: it has no global and no scrape_configs",
    );
  const at = get(top, "global")?.at ?? { file, line: 1 };
  const global = {
    interval: timeOf(get(top, "global", "scrape_interval"), "scrape_interval", 60_000, at, diagnostics),
    timeout: timeOf(get(top, "global", "scrape_timeout"), "scrape_timeout", 10_000, at, diagnostics),
  };
  const scrapes = list(top, "scrape_configs").map((job): Scrape => {
    const { interval: commonInterval, timeout: commonTimeout } = global;
    const interval = timeOf(
      get(job, "scrape_interval"),
      "scrape_interval",
      commonInterval.value,
      commonInterval.at,
      diagnostics,
      commonInterval.origin ?? "",
    );
    const jobTimeout = get(job, "scrape_timeout");
    // Prometheus shortens the global timeout to the interval of the job.
    const inheritedTimeout = commonTimeout.value > interval.value ? undefined : commonTimeout;
    const timeout =
      jobTimeout === undefined
        ? inheritedTimeout
        : timeOf(jobTimeout, "scrape_timeout", commonTimeout.value, commonTimeout.at, diagnostics);
    return { name: text(job, "job_name") ?? "a job", interval, timeout };
  });
  const rules = list(top, "rule_files").flatMap((one) => ruleFiles(files, dirname(path), one, diagnostics));
  const queries = rules.flatMap((rule) =>
    parseYaml(readRequiredFile(files, rule), files.displayPath(rule)).flatMap(queriesOf),
  );
  const common = { name: "global", ...global };
  return { scrapes: scrapes.length > 0 ? scrapes : [common], common, queries };
}

function timeOf(
  tree: Tree | undefined,
  name: string,
  defaultValue: number,
  at: Place,
  diagnostics: Diagnostics,
  origin = prometheusDefault,
): ConfigNumber {
  const missing = ms(name, defaultValue, at, origin === "" ? undefined : origin);
  if (tree === undefined) return missing;
  const value = milliseconds(text(tree) ?? "", "s");
  if (value === undefined)
    diagnostics.addNote(tree.at, `${name} ${text(tree) ?? ""}: not a time, so the default is used`);
  return value === undefined ? missing : ms(name, value, tree.at);
}

function ruleFiles(files: Files, folder: string, one: Tree, diagnostics: Diagnostics): string[] {
  const pattern = text(one) ?? "";
  const place = isAbsolute(pattern) ? pattern : join(folder, pattern);
  const parentFolder = dirname(place);
  const found =
    files.kind(parentFolder) === "folder"
      ? files
          .list(parentFolder)
          .filter((name) => matchesGlob(name, basename(place)))
          .map((name) => join(parentFolder, name))
      : [];
  if (found.length === 0)
    diagnostics.addNote(one.at, `rule_files ${pattern}: no such file, so its rules are not checked`);
  return found.filter((file) => files.kind(file) === "file");
}

const queriesOf = (top: Tree | undefined): Query[] =>
  list(top, "groups")
    .flatMap((group) => list(group, "rules"))
    .flatMap((rule) => {
      const found = get(rule, "expr");
      return found === undefined ? [] : [{ text: text(found) ?? "", at: found.at }];
    });

/** Reads the monitors and rules of the Prometheus Operator. */
export function readOperator(objects: readonly Tree[], diagnostics: Diagnostics): Monitoring {
  const scrapes = objects
    .filter((object) => /^(?:Service|Pod)Monitor$/.test(text(object, "kind") ?? ""))
    .flatMap((object) =>
      [...list(object, "spec", "endpoints"), ...list(object, "spec", "podMetricsEndpoints")].map((endpoint) => ({
        object,
        endpoint,
      })),
    )
    .map(({ object, endpoint }) => {
      const interval = get(endpoint, "interval");
      const timeout = get(endpoint, "scrapeTimeout");
      const name = text(object, "metadata", "name") ?? "a monitor";
      return {
        name,
        interval: timeOf(interval, "interval", 30_000, endpoint.at, diagnostics, "the operator's default"),
        timeout: timeOf(timeout, "scrapeTimeout", 10_000, endpoint.at, diagnostics),
      };
    });
  const queries = objects
    .filter((object) => text(object, "kind") === "PrometheusRule")
    .flatMap((object) => queriesOf(get(object, "spec")));
  return { scrapes, queries };
}
