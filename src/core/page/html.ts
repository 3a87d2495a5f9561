/** Markup that is safe to send. Values become markup only through `html`, which escapes them. */
export type Html = { readonly html: string };

type Value = Html | readonly Html[] | string | number | null | false;

export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Html {
  const pieces = withoutIndentation(strings);
  let text = pieces[0] ?? "";
  for (const [index, value] of values.entries()) text += markup(value) + (pieces[index + 1] ?? "");
  return { html: text };
}

/** Only for constant markup: never for data. */
export const trusted = (text: string): Html => ({ html: text });

export const nothing: Html = { html: "" };

function join(parts: readonly Html[], separator: string): Html {
  return { html: parts.map((part) => part.html).join(escaped(separator)) };
}

/** "a", "a and b", "a, b and c". */
export function enumerate(parts: readonly Html[]): Html {
  const last = parts.at(-1);
  if (last === undefined || parts.length === 1) return last ?? nothing;
  return html`${join(parts.slice(0, -1), ", ")} and ${last}`;
}

function markup(value: Value): string {
  if (typeof value === "string") return escaped(value);
  if (typeof value === "number") return String(value);
  if (value === null || value === false) return "";
  return "html" in value ? value.html : join(value, "").html;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escaped = (text: string): string =>
  /[&<>"']/.test(text) ? text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? "") : text;

const compactPieces = new WeakMap<TemplateStringsArray, readonly string[]>();

function withoutIndentation(strings: TemplateStringsArray): readonly string[] {
  const cached = compactPieces.get(strings);
  if (cached !== undefined) return cached;
  const compact = strings.map((piece) => piece.replaceAll(/\n\s*/g, ""));
  compactPieces.set(strings, compact);
  return compact;
}
