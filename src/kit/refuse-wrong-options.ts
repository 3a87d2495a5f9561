import type { Check } from "./health/check.ts";
import {
  callback,
  duration,
  faultsIn,
  isObject,
  object,
  oneOf,
  port,
  positiveDuration,
  type Rule,
  refuse,
  rule,
  text,
} from "./option-rules.ts";
import type { FleetOptions, HealthOptions, OperatorOptions } from "./options.ts";

const checkName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Returns the faults of a check. Its name is part of paths (`/ready/NAME`) and of `name:capability`. */
export function faultsOfCheck(check: unknown): string[] {
  if (!isObject(check)) return ["a check must be an object with name, critical and run"];
  const name = check["name"];
  if (typeof name !== "string" || !checkName.test(name)) {
    return ["the name of a check must have 1 to 64 letters, digits, dots, underscores and hyphens"];
  }
  if ("capabilities" in check) return faultsOfCapabilities(name, check["capabilities"]);
  return faultsOfCapability(`check "${name}"`, check);
}

function faultsOfCapabilities(name: string, capabilities: unknown): string[] {
  if (!isObject(capabilities) || Object.keys(capabilities).length === 0) {
    return [`check "${name}": capabilities must be an object with at least one capability`];
  }
  return Object.entries(capabilities).flatMap(([capability, parts]) => {
    const title = `check "${name}", capability "${capability}"`;
    if (!checkName.test(capability))
      return [`${title}: the name must have letters, digits, dots, underscores, hyphens`];
    return isObject(parts) ? faultsOfCapability(title, parts) : [`${title} must be an object with critical and run`];
  });
}

function faultsOfCapability(
  title: string,
  { run, critical, startup = false }: Readonly<Record<string, unknown>>,
): string[] {
  return [
    ...(typeof run === "function" ? [] : [`${title} has no function run`]),
    ...(typeof critical === "boolean" ? [] : [`${title}: critical must be true or false`]),
    ...(typeof startup === "boolean" ? [] : [`${title}: startup must be true or false`]),
  ];
}

export const refuseCheck = (check: Check): void => refuse("addCheck", faultsOfCheck(check));

const probePaths: Rule = (value) => {
  if (!Array.isArray(value)) return "must be an array";
  const isProbePath = (entry: unknown) =>
    isObject(entry) &&
    /^\/[^?#\s]*$/.test(String(entry["path"])) &&
    ["live", "ready", "startup"].includes(String(entry["probe"]));
  return value.every(isProbePath)
    ? undefined
    : 'must contain objects such as { path: "/healthz", probe: "ready" }, where the path begins with / and probe is live, ready or startup';
};

const paths: Rule = rule(
  'an array of paths that begin with "/"',
  (value) => Array.isArray(value) && value.every((path) => typeof path === "string" && /^\/[^?#\s]*$/.test(path)),
);

/**
 * Only visible ASCII characters can be sent in a header. The usual fault is the line feed at the end of a token file.
 */
const token: Rule = (value) =>
  text(value) ??
  (/^[!-~]+$/.test(String(value))
    ? undefined
    : "must have visible ASCII characters only, without spaces and line feeds");

const fieldsOfAnswers = ["status", "ready", "since", "phase", "timestamp", "checks", "service", "version", "instance"];

const facts: Rule = (value) => {
  if (!isObject(value)) return object(value);
  const wrong = Object.entries(value).find(
    ([name, fact]) => fieldsOfAnswers.includes(name) || typeof fact !== "string",
  );
  return wrong === undefined ? undefined : `must have strings, and names other than ${fieldsOfAnswers.join(", ")}`;
};

const sink = rule(
  "a registry of prom-client or a sink with add and expose",
  (value) =>
    isObject(value) &&
    (typeof value["registerMetric"] === "function" ||
      (typeof value["add"] === "function" && typeof value["expose"] === "function")),
);

/** The kit looks up operator routes below these paths only, because most requests are not for operators. */
const operatorRoutes: Rule = (value) => {
  if (!(value instanceof Map)) return "must be a Map";
  const outside = [...value.keys()].find((path) => !/^\/(?:metrics|health\/|api\/v1\/)/.test(String(path)));
  return outside === undefined ? undefined : `must have paths below /metrics, /health/ or /api/v1/, and has ${outside}`;
};

const operatorRules: Record<keyof OperatorOptions, Rule> = {
  token,
  managementPort: port,
  fleet: callback,
  links: rule("an array", Array.isArray),
  routes: operatorRoutes,
  sendError: callback,
  requestIdOf: callback,
  onUnexpectedError: callback,
};

const fleetRules: Record<keyof FleetOptions, Rule> = {
  stores: rule(
    "an array with at least one store",
    (value) => Array.isArray(value) && value.length > 0 && value.every((store) => typeof store === "function"),
  ),
  shared: rule("an array with the name of at least one check", (value) => Array.isArray(value) && value.length > 0),
  policy: oneOf("outlier", "strict"),
  onDecision: callback,
};

const healthRules: Record<keyof HealthOptions, Rule> = {
  service: text,
  version: text,
  instance: text,
  facts,
  checks: rule("an array", Array.isArray),
  intervalMs: positiveDuration,
  timeoutMs: positiveDuration,
  probePaths,
  appPaths: paths,
  policy: callback,
  fleet: object,
  closeOn: oneOf("signal", "trial"),
  operators: rule("an object or false", (value) => value === false || isObject(value)),
  metrics: sink,
  routeOf: callback,
  maxEventLoopDelayMs: duration,
  eventLoop: object,
  certificates: callback,
  details: object,
  clock: object,
  onResult: callback,
  onCheckError: callback,
  onChange: callback,
};

/** Throws one error with all wrong options of `createHealth`, each in a sentence. */
export function refuseWrongOptions(options: HealthOptions): void {
  const faults = faultsIn(options, healthRules);
  if (isObject(options)) {
    const { service, operators, checks, fleet } = options;
    if (isObject(fleet)) {
      faults.push(...faultsIn(fleet, fleetRules, "fleet."));
      for (const name of ["stores", "shared"] as const)
        if (fleet[name] === undefined) faults.push(`fleet.${name} is required`);
      if (options.policy !== undefined && fleet.policy !== "strict") faults.push('policy needs fleet.policy "strict"');
    }
    if (service === undefined) faults.push("service is required");
    if (isObject(operators)) faults.push(...faultsIn(operators, operatorRules, "operators."));
    if (Array.isArray(checks)) faults.push(...checks.flatMap(faultsOfCheck));
  }
  refuse("createHealth", faults);
}
