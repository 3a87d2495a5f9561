import { namesText } from "../for-each.ts";

/**
 * Returns whether the image has neither a digest nor a tag other than `latest`. A variable or a placeholder may contain
 * both.
 */
export const hasNoVersion = (image: string): boolean =>
  image !== "" &&
  !/[${}<]|^[A-Z_]+$|^[Ii]mage[-_]?(?:id|name|tag|url)?$/.test(image) &&
  !/@sha256:|:(?!latest$)[^/]+$/.test(image);

export const withoutVersionText = (images: readonly string[]): string =>
  `${namesText(images)} ${new Set(images).size > 1 ? "have" : "has"} no fixed version, so the image that was pushed last runs.`;
