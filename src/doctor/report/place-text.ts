import { type ConfigNumber, formatNumber, type Place } from "../facts/config-values.ts";

const kustomizeOutput = /^kubectl kustomize (.+)$/;

/** Returns false for the environment, standard input, a URL, and the output of a command. */
export const isFile = ({ file }: Place): boolean =>
  file !== "environment" && file !== "stdin" && !/^https?:\/\//.test(file) && !kustomizeOutput.test(file);

/** Maps a line of rendered kustomize output to kustomization.yaml, for report formats that accept only files. */
export function filePlace(place: Place): Place {
  const folder = kustomizeOutput.exec(place.file)?.[1];
  return folder === undefined ? place : { file: `${folder}/kustomization.yaml`, line: 1 };
}

export function placeText(place: Place): string {
  const hasLines = isFile(place) || place.file === "stdin" || kustomizeOutput.test(place.file);
  return hasLines ? `${place.file}:${place.line}` : place.file;
}

export const numberText = (configNumber: ConfigNumber): string => {
  const origin = configNumber.origin === undefined ? "" : `${configNumber.origin}, `;
  return `${configNumber.name} ${formatNumber(configNumber)} (${origin}${placeText(configNumber.at)})`;
};
