import { parseArgs } from "node:util";
import { isPart, type Part, partDescriptions, parts } from "./parts.ts";

export const usage = `Usage: npm create @haven-api [NAME] [-- OPTIONS]

Writes a new service into the folder NAME: an Express API server with truthful
health probes, accounts, sessions and one sample feature.

  --with PARTS     only these parts, separated by commas; "none" for no parts
  --without PARTS  all parts but these
  --folder FOLDER  write into this folder; default: the name
  --yes            ask nothing; the default name is my-service
  --help           show this help
  --version        show the version

Parts (default: all):
${parts.map((part) => `  ${part.padEnd(12)} ${partDescriptions[part]}`).join("\n")}

compose adds docker, nginx, haproxy and monitoring, whose files it mounts.
`;

export type CommandLine =
  | { action: "help" }
  | { action: "version" }
  | { action: "create"; name: string | undefined; folder: string | undefined; parts: readonly Part[]; yes: boolean };

export class UsageError extends Error {
  override readonly name = "UsageError";
}

const options = {
  with: { type: "string" },
  without: { type: "string" },
  folder: { type: "string" },
  yes: { type: "boolean", short: "y" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "v" },
} as const;

export function readCommandLine(args: readonly string[]): CommandLine {
  const { values, positionals } = parse(args);
  if (values.help) return { action: "help" };
  if (values.version) return { action: "version" };
  const [name, ...more] = positionals;
  if (more.length > 0) throw new UsageError(`One name is enough; unexpected: ${more.join(" ")}`);
  if (values.with !== undefined && values.without !== undefined) {
    throw new UsageError("--with and --without exclude each other.");
  }
  const without = new Set(partsIn(values.without ?? ""));
  const chosen = values.with === undefined ? parts.filter((part) => !without.has(part)) : partsIn(values.with);
  return { action: "create", name, folder: values.folder, parts: chosen, yes: values.yes ?? false };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    // The rest of Node's message explains how to write a positional argument.
    const [reason = ""] = String(error instanceof Error ? error.message : error).split(". ");
    throw new UsageError(reason);
  }
}

function partsIn(list: string): Part[] {
  const words = list.split(",").map((word) => word.trim());
  return words
    .filter((word) => word !== "" && word !== "none")
    .map((word) => {
      if (isPart(word)) return word;
      throw new UsageError(`There is no part "${word}". The parts are: ${parts.join(", ")}.`);
    });
}
