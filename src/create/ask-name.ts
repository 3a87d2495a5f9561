import { createInterface } from "node:readline/promises";
import { nameProblem } from "./names.ts";

type Terminal = { input: NodeJS.ReadableStream; output: NodeJS.WritableStream };

/** Asks for a name until it is valid. An empty line means the default. Returns undefined at the end of the input. */
export async function askName({ input, output }: Terminal, defaultName: string): Promise<string | undefined> {
  const question = `Name of the service (${defaultName}): `;
  const terminal = createInterface({ input, output });
  try {
    output.write(question);
    for await (const line of terminal) {
      const name = line.trim() || defaultName;
      const problem = nameProblem(name);
      if (problem === undefined) return name;
      output.write(`${problem}\n${question}`);
    }
    return undefined;
  } finally {
    terminal.close();
  }
}
