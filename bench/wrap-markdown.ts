const width = 120;

/** Paragraphs and lists of a report in lines as wide as those of other documents; all else as it is. */
export const wrapMarkdown = (markdown: string): string =>
  markdown
    .split(/(```[\s\S]*?```)/)
    .map((part) => (part.startsWith("```") ? part : part.split("\n\n").map(wrapBlock).join("\n\n")))
    .join("");

const wrapBlock = (block: string): string =>
  /^\s*(?:[#|!]|$)/.test(block)
    ? block
    : block
        .split(/\n(?=- |$)/)
        .map(wrapLine)
        .join("\n");

function wrapLine(text: string): string {
  const indent = text.startsWith("- ") ? "  " : "";
  const lines: string[] = [];
  let line = "";
  // What is between backquotes or in the name of a link stays together, as do the dashes of a list and their words.
  for (const word of text.trim().match(/(?:`[^`]*`|\[[^\]]*\]\([^)]*\)|\S)+/g) ?? []) {
    const longer = line.trim() === "" ? line + word : `${line} ${word}`;
    if (longer.length > width && line.trim() !== "") {
      lines.push(line);
      line = indent + word;
    } else line = longer;
  }
  return [...lines, line].join("\n");
}
