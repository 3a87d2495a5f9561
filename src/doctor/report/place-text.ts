import { type ConfigNumber, formatNumber, type Place } from "../facts.ts";

/** Files that are none: what a process was started with, or answers. */
export const isFile = ({ file }: Place): boolean =>
  file !== "environment" && file !== "stdin" && !/^https?:\/\//.test(file);

export const placeText = (place: Place): string =>
  isFile(place) ? `${place.file}:${place.line}` : place.file === "stdin" ? `stdin:${place.line}` : place.file;

export const numberText = (configNumber: ConfigNumber): string => {
  const origin = configNumber.origin === undefined ? "" : `${configNumber.origin}, `;
  return `${configNumber.name} ${formatNumber(configNumber)} (${origin}${placeText(configNumber.at)})`;
};
