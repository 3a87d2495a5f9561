import { type Place, shown, type Told } from "../facts.ts";

/** Files that are none: what a process was started with, or answers. */
export const isFile = ({ file }: Place): boolean =>
  file !== "environment" && file !== "stdin" && !/^https?:\/\//.test(file);

export const placeText = (place: Place): string =>
  isFile(place) ? `${place.file}:${place.line}` : place.file === "stdin" ? `stdin:${place.line}` : place.file;

export const numberText = (told: Told): string => {
  const origin = told.origin === undefined ? "" : `${told.origin}, `;
  return `${told.name} ${shown(told)} (${origin}${placeText(told.at)})`;
};
