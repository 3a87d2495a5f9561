/**
 * Splits a command line at spaces that are not inside quotes. A backslash outside single quotes keeps the next character.
 * There is no shell: no variables, no patterns, no pipes. Returns undefined if a quote is not closed.
 */
export function splitCommand(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at] ?? "";
    if (character === "\\" && quote !== "'") {
      at += 1;
      word = `${word ?? ""}${line[at] ?? ""}`;
    } else if (quote !== "") {
      if (character === quote) quote = "";
      else word = `${word ?? ""}${character}`;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= "";
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = `${word ?? ""}${character}`;
  }
  if (word !== undefined) words.push(word);
  return quote === "" ? words : undefined;
}
