import { bytesText, timeText } from "./units.ts";

// What the readers return to the rules: values in one unit per kind, each with its place in a file.

export type Place = { file: string; line: number };

type Unit = "ms" | "bytes" | "count" | "percent";

/** A number in a configuration file, or the default of the program where no file sets it. */
export type ConfigNumber = {
  name: string;
  value: number;
  unit: Unit;
  /** The line that sets the number. For a default, the line where a user would set it. */
  at: Place;
  /** The source of a number that no file sets, such as "nginx's default". */
  origin?: string | undefined;
  /** True for a default of Haven if no file proves that the application is Haven. */
  assumed?: boolean | undefined;
};

/** A text in a configuration file that a finding refers to. */
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
