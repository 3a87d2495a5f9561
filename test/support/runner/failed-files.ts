import type { TestEvent } from "node:test/reporters";

/**
 * Returns a reporter that writes the names of test files with failed tests, one per line. (Node requires a default export.)
 */
export default async function* failedFiles(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const reported = new Set<string>();
  for await (const { type, data } of events) {
    if (type !== "test:fail") continue;
    // `file` is the file that contains the test, which may be a file of cases that several test files import.
    const file = data.entryFile ?? data.file;
    if (file === undefined || reported.has(file)) continue;
    reported.add(file);
    yield `${file}\n`;
  }
}
