import type { TestEvent } from "node:test/reporters";

/** A reporter that writes down which files have a test that failed, one a line. (Node wants it as the default export.) */
export default async function* failedFiles(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const reported = new Set<string>();
  for await (const { type, data } of events) {
    if (type !== "test:fail" || data.file === undefined || reported.has(data.file)) continue;
    reported.add(data.file);
    yield `${data.file}\n`;
  }
}
