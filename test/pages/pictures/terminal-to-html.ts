/** The colours that the log uses, by the code of the escape sequence, on a dark background. */
const styles: Readonly<Record<string, string>> = {
  "1": "font-weight:bold",
  "2": "color:#8b949e",
  "31": "color:#ff7b72",
  "32": "color:#7ee787",
  "33": "color:#e3b341",
  "36": "color:#79c0ff",
};

export const escapeHtml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are the subject
const sequences = /\u001b\[([\d;?]*)([A-Za-z])/g;

/** What npm's progress indicator writes at the start of a line, and then erases or overwrites. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are the subject
const overwritten = /^.*(?:\r(?!\n)|\u001b\[1G\u001b\[0?K)/gm;

/** Returns HTML for what a terminal shows: colours become elements, other escape sequences are removed. */
export function terminalToHtml(output: string): string {
  const text = output.replaceAll("\r\n", "\n").replaceAll(overwritten, "").trim();
  let open = 0;
  let html = "";
  let position = 0;
  for (const { 0: sequence, 1: codes = "", 2: command, index } of text.matchAll(sequences)) {
    html += escapeHtml(text.slice(position, index));
    position = index + sequence.length;
    if (command !== "m") continue;
    const style = codes.split(";").flatMap((code) => styles[code] ?? []);
    if (style.length > 0) {
      html += `<span style="${style.join(";")}">`;
      open += 1;
    } else {
      html += "</span>".repeat(open);
      open = 0;
    }
  }
  return html + escapeHtml(text.slice(position)) + "</span>".repeat(open);
}
