const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', "#39": "'" };

/** Returns approximately the visible text of a page: without markup, script and style. */
export const textOf = (markup: string): string =>
  markup
    .replaceAll(/<(script|style|title)>.*?<\/\1>/gs, " ")
    .replaceAll(/<\/?(b|strong|a|time|i|span)\b[^>]*>/g, "")
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll(/&([a-z]+|#39);/g, (whole, name: string) => entities[name] ?? whole)
    .replaceAll(/\s+/g, " ")
    .trim();

export const summaryOf = (page: string): string => textOf(/<p id="summary".*?<\/p>/s.exec(page)?.[0] ?? "");

export const titleOf = (page: string): string => /<title>(.*?)<\/title>/s.exec(page)?.[1] ?? "";
