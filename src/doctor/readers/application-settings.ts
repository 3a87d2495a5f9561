import { parseEnv } from "node:util";
import { isSettingName } from "../../config/files/secret-files.ts";
import { drainDefaults } from "../../config/variables/server-variables.ts";
import { variables } from "../../config/variables.ts";
import type { Diagnostics } from "../diagnostics.ts";
import type { Settings } from "../facts/app.ts";
import type { ConfigNumber, ConfigText, Place } from "../facts/config-values.ts";
import { milliseconds } from "../facts/units.ts";

/** The value of a variable in a file. `text` is undefined where the value comes from a source that was not read. */
export type SettingValue = {
  text: string | undefined;
  at: Place;
  /** The value comes from a settings file or the environment, and not from a file that runs the application. */
  isExternal?: boolean;
  /** The variable of another application that holds the value, with the factor to the unit of the setting. */
  mappedFrom?: { variable: string; factor: number };
};
export type SettingValues = ReadonlyMap<string, SettingValue>;

const drainNames = Object.keys(drainDefaults(true));
const secondsNames = new Set(["ACCESS_TOKEN_TTL", "SESSION_TTL", "SESSION_MAX_AGE"]);
const isTime = (name: string) => /_(?:MS|TIMEOUT|INTERVAL)$/.test(name);

/** Variables that few other applications use. */
const havenSettings = new Set([
  ...["KEEP_ALIVE_TIMEOUT_MS", "REQUEST_TIMEOUT_MS", "HEALTH_CHECK_TIMEOUT", "HEALTH_CHECK_INTERVAL", "HEALTH_PATHS"],
  ...["READY_REQUIRES", "READY_POLICY", "DB_POOL_MAX", "TRUST_PROXY", "HEADERS_TIMEOUT_MS", "MANAGEMENT_PORT"],
  ...drainNames,
]);
/** Variables that only Haven is known to use. If a file that runs an application sets one, the application is Haven. */
const ownSettings = new Set(["KEEP_ALIVE_TIMEOUT_MS", "DRAIN_DELAY_MS", "DRAIN_LINGER_MS", "READY_REQUIRES"]);
/**
 * A user sets this variable to `haven` if the application is Haven. Settings that no file sets then have Haven's
 * defaults.
 */
export const applicationVariable = "HAVEN_DOCTOR_APPLICATION";

const isHaven = (settingValues: SettingValues): boolean =>
  settingValues.get(applicationVariable)?.text === "haven" ||
  [...settingValues].some(([name, one]) => ownSettings.has(name) && !one.isExternal && one.mappedFrom === undefined);

/**
 * Looks up a setting. If the setting is mapped to a variable of another application, returns the value of that
 * variable, converted to the unit of the setting.
 */
function lookUp(settingValues: SettingValues, name: string): SettingValue | undefined {
  const found = settingValues.get(name);
  if (found?.mappedFrom === undefined) return found;
  const { variable, factor } = found.mappedFrom;
  const mapped = settingValues.get(variable);
  const value = mapped?.text === undefined ? undefined : timeOrNumber(mapped.text, factor);
  return mapped && { ...mapped, text: value };
}

/** Converts a number with the factor. A time with a unit, such as `30s`, needs no factor. */
function timeOrNumber(text: string, factor: number): string | undefined {
  if (/^\d+(?:\.\d+)?$/.test(text)) return String(Math.round(Number(text) * factor));
  const time = milliseconds(text, "ms");
  return time === undefined ? text : String(time);
}

export const isHavenSetting = (name: string): boolean => havenSettings.has(name);
/** Variables that Haven and many other servers use. */
export const isCommonServerSetting = (name: string): boolean =>
  /^(?:PORT|DATABASE_URL|JWT_SECRET|NODE_OPTIONS|REDIS_\w+)$/.test(name);
export const isSetting = isSettingName;

/**
 * Returns the settings as the application would read them: the values in the files, otherwise Haven's defaults. Without
 * NODE_ENV the defaults of production apply, because the doctor judges production.
 */
export function resolveSettings(settingValues: SettingValues, defaultPlace: Place, diagnostics: Diagnostics): Settings {
  const mode = settingValues.get("NODE_ENV");
  const isProduction = mode?.text === undefined || mode.text === "" || mode.text === "production";
  const drain: Readonly<Record<string, number>> = drainDefaults(isProduction);
  const origin = isProduction ? "Haven's default in production" : "Haven's default outside production";
  const applicationIsHaven = isHaven(settingValues);

  return {
    hasAny: [...settingValues.keys()].some(isSetting),
    has: (name) => settingValues.has(name),
    isHaven: applicationIsHaven,
    number(name): ConfigNumber | undefined {
      const unit = isTime(name) ? "ms" : "count";
      const found = lookUp(settingValues, name);
      if (found === undefined || found.text === "") {
        const defaultValue = drain[name] ?? defaultOf(name);
        if (typeof defaultValue !== "number") return undefined;
        const defaultOrigin = drainNames.includes(name) ? origin : "Haven's default";
        return {
          name,
          value: defaultValue,
          unit,
          at: found?.at ?? defaultPlace,
          origin: defaultOrigin,
          assumed: !applicationIsHaven,
        };
      }
      if (found.text === undefined) {
        diagnostics.addNote(found.at, `${name} comes from a source that was not read`);
        return undefined;
      }
      const problem = problemOf(name, found.text);
      if (problem !== undefined) {
        diagnostics.addNote(found.at, `${name} ${problem}: Haven would refuse to start`);
        return undefined;
      }
      const factor = secondsNames.has(name) ? 1000 : 1;
      return { name, value: Number(found.text) * factor, unit, at: found.at };
    },
    text(name): ConfigText | undefined {
      const found = lookUp(settingValues, name);
      const text = found?.text ?? "";
      return found === undefined || text === "" ? undefined : { name, text, at: found.at };
    },
  };
}

function schemaOf(name: string) {
  return Object.entries(variables.shape).find(([key]) => key === name)?.[1];
}

function defaultOf(name: string): unknown {
  const parsed = schemaOf(name)?.safeParse(undefined);
  return parsed?.success === true ? parsed.data : undefined;
}

function problemOf(name: string, text: string): string | undefined {
  const parsed = schemaOf(name)?.safeParse(text);
  return parsed?.success === false ? (parsed.error.issues[0]?.message ?? "is not valid") : undefined;
}

/** Parses a file in .env form with Node's parser. A variable has the place of the last line that sets it. */
export function readDotEnv(text: string, file: string, diagnostics: Diagnostics): Map<string, SettingValue> {
  const settingValues = new Map<string, SettingValue>();
  const values = parseEnv(text);
  const lines = text.split("\n");
  for (const [name, value] of Object.entries(values)) {
    const setsVariable = (line: string) =>
      line
        .replace(/^\s*(?:export\s+)?/, "")
        .split("=")[0]
        ?.trim() === name;
    const line = lines.findLastIndex((candidate) => candidate.includes("=") && setsVariable(candidate)) + 1;
    settingValues.set(name, { text: value, at: { file, line: Math.max(1, line) } });
  }
  for (const [index, line] of lines.entries()) {
    if (/^\s*(?:#.*)?$/.test(line) || line.includes("=") || isInsideQuotes(lines.slice(0, index))) continue;
    diagnostics.addNote({ file, line: index + 1 }, "this line sets no variable");
  }
  return settingValues;
}

const isInsideQuotes = (before: readonly string[]): boolean => {
  const openingLine = before.findLast((line) => /=\s*["'`]/.test(line));
  if (openingLine === undefined) return false;
  const quote = /=\s*(["'`])/.exec(openingLine)?.[1] ?? '"';
  return before.slice(before.lastIndexOf(openingLine)).join("\n").split(quote).length % 2 === 0;
};

/**
 * Returns the settings in the environment of this process. Unset variables are left out, so that they are shown as
 * defaults.
 */
export function settingsFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Map<string, SettingValue> {
  const settingValues = new Map<string, SettingValue>();
  const at = { file: "environment", line: 1 };
  for (const [name, text] of Object.entries(environment)) {
    if (!(isSetting(name) || name === applicationVariable) || text === undefined) continue;
    // The NODE_ENV of the shell in which the doctor runs is unrelated to the deployment.
    if (name === "NODE_ENV" && text !== "production") continue;
    settingValues.set(name, { text, at, isExternal: true });
  }
  return settingValues;
}
