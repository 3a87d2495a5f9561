import { formatNumber } from "../facts/config-values.ts";
import type { Fixed } from "../gate/fixes.ts";
import type { GatedDiagnosis } from "../gate/gate.ts";
import type { Finding } from "../rule.ts";
import { unknownSettingsText } from "./json-report.ts";
import { placeText } from "./place-text.ts";

export type TableStyle = { width: number; useColour: boolean; fixed: readonly Fixed[] };

const ansiCodes = { red: "31", yellow: "33", green: "32", bold: "1", dim: "2" } as const;

/** Returns the report for a terminal. */
export function tableReport(
  diagnosis: GatedDiagnosis,
  inputs: readonly string[],
  { width, useColour, fixed }: TableStyle,
): string {
  const paint = (style: keyof typeof ansiCodes, text: string) =>
    useColour ? `\u001b[${ansiCodes[style]}m${text}\u001b[0m` : text;
  const { findings, unknownSettings, notUnderstood, unreadable, ignored } = diagnosis;
  const blocks = findings.map(findingBlock);
  if (fixed.length > 0)
    blocks.push(
      noteBlock(
        paint("bold", "Fixed"),
        fixed.map(({ rule, from, to, ...at }) => ({ ...at, text: `${rule}: ${from} is now ${to}` })),
      ),
    );
  if (unreadable.length > 0) blocks.push(noteBlock(paint("red", "Could not be read"), unreadable));
  if (unknownSettings.length > 0)
    blocks.push(
      noteBlock(
        paint("bold", "Needs settings of the application"),
        unknownSettings.map((one) => ({ ...one, text: unknownSettingsText(one) })),
      ),
    );
  if (notUnderstood.length > 0) blocks.push(noteBlock(paint("bold", "Not understood, so not judged"), notUnderstood));
  return `${[heading(), ...blocks, summary()].join("\n\n")}\n`;

  function heading(): string {
    return wrapped(`Read: ${inputs.join(", ")}`, 0, 6)
      .map((line) => paint("dim", line))
      .join("\n");
  }

  function findingBlock({ rule, severity, confidence, title, numbers, places, message, impact, fix }: Finding): string {
    const mark = severity === "error" ? paint("red", "✗ error  ") : paint("yellow", "! warning");
    const doubt = confidence === "high" ? "" : paint("dim", "  (confidence: medium)");
    const rows =
      numbers.length > 0
        ? numbers.map(
            (configNumber) =>
              [
                formatNumber(configNumber),
                configNumber.name,
                placeText(configNumber.at),
                configNumber.origin ?? "",
              ] as const,
          )
        : places.map((place) => ["", "", placeText(place), ""] as const);
    return [
      `${mark}  ${paint("bold", rule)}${doubt}`,
      ...wrapped(title, 0, 0).map((line) => paint("bold", line)),
      "",
      ...table(rows),
      ...labelled("", message),
      ...labelled("Impact", impact),
      ...labelled("Fix", fix),
    ].join("\n");
  }

  function table(rows: readonly (readonly [string, string, string, string])[]): string[] {
    const widest = (column: 0 | 1) => Math.max(...rows.map((row) => row[column].length));
    const [value, name] = [widest(0), widest(1)];
    const lines = rows.flatMap(([number, label, place, origin]) => {
      const left = name === 0 ? "    " : `    ${number.padStart(value)}  ${label.padEnd(name)}  `;
      const right = origin === "" ? place : `${place} (${origin})`;
      if (left.length + right.length <= width) return [left + right];
      return [left.trimEnd(), ...wrapped(right, value + 6, value + 6)];
    });
    return [...lines, ""];
  }

  function labelled(label: string, text: string): string[] {
    if (label === "") return wrapped(text, 2, 2);
    const [first = "", ...rest] = wrapped(text, 10, 10);
    return [`  ${paint("dim", label.padEnd(8))}${first.trimStart()}`, ...rest];
  }

  function noteBlock(head: string, all: GatedDiagnosis["notUnderstood"]): string {
    return [
      head,
      ...all.flatMap((note) => wrapped(`${note.line > 1 ? placeText(note) : note.file} ${note.text}`, 2, 4)),
    ].join("\n");
  }

  function summary(): string {
    const errors = findings.filter(({ severity }) => severity === "error").length;
    const warnings = findings.length - errors;
    const parts = [
      counted(errors, "error"),
      counted(warnings, "warning"),
      ...(ignored.length > 0 ? [`${ignored.length} ignored`] : []),
      ...(notUnderstood.length > 0 ? [`${notUnderstood.length} not understood`] : []),
      ...(unreadable.length > 0 ? [`${unreadable.length} not read`] : []),
    ].join(", ");
    if (errors > 0 || unreadable.length > 0) return paint("red", parts);
    return warnings > 0 ? paint("yellow", parts) : paint("green", `✓ ${parts}`);
  }

  /** Wraps between words. A path that is longer than the line gets its own line. */
  function wrapped(text: string, firstIndent: number, indent: number): string[] {
    const lines: string[] = [];
    let line = " ".repeat(firstIndent);
    let hasWord = false;
    for (const word of text.split(/\s+/)) {
      if (hasWord && line.length + 1 + word.length > width) {
        lines.push(line);
        line = " ".repeat(indent);
        hasWord = false;
      }
      line += hasWord ? ` ${word}` : word;
      hasWord = true;
    }
    return [...lines, line];
  }
}

const counted = (count: number, word: string): string =>
  `${count === 0 ? "no" : count} ${word}${count === 1 ? "" : "s"}`;
