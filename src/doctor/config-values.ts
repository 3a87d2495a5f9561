import { bytesText, timeText } from "./units.ts";

// What the readers hand to the rules: values in normal units, each with the place where it stands.

export type Place = { file: string; line: number };

type Unit = "ms" | "bytes" | "count" | "percent";

/** A number that a file told us. */
export type ConfigNumber = {
  name: string;
  value: number;
  unit: Unit;
  /** Where it is written, or where it would be. */
  at: Place;
  /** Whose word it is where nobody wrote it: "nginx's default". */
  origin?: string | undefined;
};

/** A word or a block that a finding speaks of. */
export type ConfigText = { name: string; text: string; at: Place };

export const formatNumber = ({ value, unit }: Pick<ConfigNumber, "value" | "unit">): string => {
  if (unit === "ms") return timeText(value);
  if (unit === "bytes") return bytesText(value);
  return unit === "percent" ? `${value} %` : String(value);
};

const numberWithUnit =
  (unit: Unit) =>
  (name: string, value: number, at: Place, origin?: string): ConfigNumber => ({ name, value, unit, at, origin });
export const ms = numberWithUnit("ms");
export const count = numberWithUnit("count");
export const size = numberWithUnit("bytes");
export const percent = numberWithUnit("percent");

export const defined = <T>(values: readonly (T | undefined)[]): T[] => values.filter((value) => value !== undefined);
