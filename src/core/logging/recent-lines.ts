/** Keeps the latest lines of the log, so that an operator can download them from an instance without a log system. */
export function createRecentLines(maxLines: number) {
  const lines: string[] = [];
  let next = 0;
  return {
    add(line: string): void {
      lines[next] = line;
      next = (next + 1) % maxLines;
    },
    all: (): readonly string[] => [...lines.slice(next), ...lines.slice(0, next)],
  };
}

export type RecentLines = ReturnType<typeof createRecentLines>;
