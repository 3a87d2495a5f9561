const width = 120;

/** Wraps paragraphs and lists of a report at the line width of the documents; everything else is unchanged. */
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
  // A line is not broken inside a code span or a link.
  for (const word of text.trim().match(/(?:`[^`]*`|\[[^\]]*\]\([^)]*\)|\S)+/g) ?? []) {
    const longer = line.trim() === "" ? line + word : `${line} ${word}`;
    if (longer.length > width && line.trim() !== "") {
      lines.push(line);
      line = indent + word;
    } else line = longer;
  }
  return [...lines, line].join("\n");
}
