import type { TestEvent } from "node:test/reporters";

/**
 * Returns a reporter that writes the names of files with failed tests, one per line. (Node requires a default export.)
 */
export default async function* failedFiles(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const reported = new Set<string>();
  for await (const { type, data } of events) {
    if (type !== "test:fail" || data.file === undefined || reported.has(data.file)) continue;
    reported.add(data.file);
    yield `${data.file}\n`;
  }
}
