import { parseArgs } from "node:util";

export type Arguments = { quick: boolean; capacity: boolean; only: readonly string[]; report: string | undefined };

export const usage = (
  scenarios: readonly string[],
): string => `Usage: npm run bench -- [--quick] [--capacity | --only NAME…] [--report FILE]

Compares the server with others, with real stores, and writes docs/performance.md and its plots.

  --quick        run short rounds and write no report: this only checks that every request is answered (under two minutes)
  --only NAME    run this scenario and write no report; may be repeated: ${scenarios.join(", ")}
  --capacity     measure what one instance serves and needs instead, and write docs/capacity.md
  --report FILE  write the report to this file
  --help         show this text

Exit code: 1 if a request failed, 2 for a wrong command line, otherwise 0, even if a figure misses its target.
`;

export class UsageError extends Error {}

export function readArguments(args: readonly string[], scenarios: readonly string[]): Arguments | "help" {
  const { values } = parse(args);
  if (values.help) return "help";
  const only = values.only ?? [];
  for (const name of only) if (!scenarios.includes(name)) throw new UsageError(`There is no scenario "${name}".`);
  const quick = values.quick === true;
  if (quick && values.report !== undefined)
    throw new UsageError("--quick cannot write a report: its rounds are too short.");
  const capacity = values.capacity === true;
  if (capacity && only.length > 0) throw new UsageError("--capacity measures no scenarios.");
  const isFullRun = !quick && only.length === 0;
  const defaultReport = capacity ? "docs/capacity.md" : "docs/performance.md";
  return { quick, capacity, only, report: values.report ?? (isFullRun ? defaultReport : undefined) };
}

function parse(args: readonly string[]) {
  const options = {
    quick: { type: "boolean" },
    capacity: { type: "boolean" },
    only: { type: "string", multiple: true },
    report: { type: "string" },
    help: { type: "boolean", short: "h" },
  } as const;
  try {
    return parseArgs({ args: [...args], options });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
