import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { formatLogLine } from "./log-format.ts";

/** Prints each JSON line of the input for people, until the input ends or the reader of the output has exited. */
export async function formatLogStream(
  input: Readable,
  output: Writable,
  { colour }: { colour: boolean },
): Promise<void> {
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  // A write fails when the program that reads the output, such as a pager, has exited.
  output.on("error", () => lines.close());
  const instances = new Set<string>();
  for await (const line of lines) {
    const instance = /"instance":"([^"]{1,128})"/.exec(line)?.[1];
    if (instance !== undefined && instances.size < 2) instances.add(instance);
    const isFull = !output.write(`${formatLogLine(line, { colour, showInstance: instances.size > 1 })}\n`);
    if (isFull && output.writable) await new Promise((resolve) => output.once("drain", resolve).once("close", resolve));
  }
}
