/** Returns what is wrong with a value, as the end of a sentence, or undefined if the value is valid. */
export type Rule = (value: unknown) => string | undefined;

type Rules = Readonly<Record<string, Rule>>;

const maxTimerMs = 2 ** 31 - 1;
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Describes a value for an error message. Leaves out the text of a string, which may be a secret. */
const kindOf = (value: unknown): string => {
  if (typeof value === "number") return String(value);
  if (value === "") return "an empty string";
  return value === null ? "null" : Array.isArray(value) ? "an array" : `a value of the type ${typeof value}`;
};

export const rule =
  (expected: string, matches: (value: unknown) => boolean): Rule =>
  (value) =>
    matches(value) ? undefined : `must be ${expected}, but is ${kindOf(value)}`;

const isNumberIn = (value: unknown, min: number, max: number): boolean =>
  typeof value === "number" && value >= min && value <= max;

export const text = rule("a non-empty string", (value) => typeof value === "string" && value.trim() !== "");
export const duration = rule("a number of milliseconds of 0 or more", (value) => isNumberIn(value, 0, maxTimerMs));
export const positiveDuration = rule("a number of milliseconds of 1 or more", (value) =>
  isNumberIn(value, 1, maxTimerMs),
);
export const count = rule("a whole number of 1 or more", (value) => Number.isInteger(value) && Number(value) >= 1);
export const countOrZero = rule(
  "a whole number of 0 or more",
  (value) => Number.isInteger(value) && Number(value) >= 0,
);
export const share = rule("a number between 0 and 1", (value) => isNumberIn(value, 0, 1));
export const port = rule(
  "a port between 1 and 65535",
  (value) => Number.isInteger(value) && isNumberIn(value, 1, 65_535),
);
export const callback = rule("a function", (value) => typeof value === "function");
export const object = rule("an object", isObject);
export const oneOf = (...words: readonly string[]): Rule =>
  rule(words.map((word) => JSON.stringify(word)).join(" or "), (value) => words.includes(String(value)));

/** Returns all faults of the options. An undefined option is valid, because it gets its default. */
export function faultsIn(options: unknown, rules: Rules, prefix = ""): string[] {
  if (!isObject(options)) return [`${prefix === "" ? "the options" : prefix.slice(0, -1)} must be an object`];
  return Object.entries(options).flatMap(([name, value]) => {
    const findFault = rules[name];
    if (findFault === undefined)
      return [`there is no option "${prefix}${name}"; the options are ${Object.keys(rules).join(", ")}`];
    const fault = value === undefined ? undefined : findFault(value);
    return fault === undefined ? [] : [`${prefix}${name} ${fault}`];
  });
}

/** Throws one error that lists all faults. */
export function refuse(what: string, faults: readonly string[]): void {
  if (faults.length > 0) throw new TypeError(`${what}: ${faults.join("; ")}.`);
}
