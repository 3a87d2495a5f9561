import { namesText } from "../for-each.ts";

/**
 * Returns whether the image has neither a digest nor a tag other than `latest`. Returns false for a variable or
 * a placeholder, whose value may contain a version.
 */
export const hasNoVersion = (image: string): boolean =>
  image !== "" &&
  !/[${}<]|^[A-Z_]+$|^[Ii]mage[-_]?(?:id|name|tag|url)?$/.test(image) &&
  !/@sha256:|:(?!latest$)[^/]+$/.test(image);

export const withoutVersionText = (images: readonly string[]): string =>
  `${namesText(images)} ${new Set(images).size > 1 ? "have" : "has"} no fixed version, so the most recently pushed image runs.`;
