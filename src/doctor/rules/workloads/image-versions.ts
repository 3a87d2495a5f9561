import { namesText } from "../for-each.ts";

/** Whether the image has neither a digest nor a tag other than `latest`. A variable may contain both. */
export const hasNoVersion = (image: string): boolean =>
  image !== "" && !/[${}<]/.test(image) && !/@sha256:|:(?!latest$)[^/]+$/.test(image);

export const withoutVersionText = (images: readonly string[]): string =>
  `${namesText(images)} ${new Set(images).size > 1 ? "have" : "has"} no fixed version, so the image that was pushed last runs.`;
