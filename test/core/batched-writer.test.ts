import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createBatchedWriter } from "../../src/core/batched-writer.ts";

async function writeLines(
  options: { batchBytes: number; maxQueuedBytes: number },
  lines: readonly string[],
): Promise<{ text: string; droppedLines: number }> {
  const folder = mkdtempSync(join(tmpdir(), "haven-writer-"));
  const file = join(folder, "log");
  const fd = openSync(file, "w");
  const writer = createBatchedWriter({ fd, ...options });
  for (const line of lines) writer.write(line);
  await writer.drain(5000);
  closeSync(fd);
  const text = readFileSync(file, "utf8");
  rmSync(folder, { recursive: true });
  return { text, droppedLines: writer.droppedLines() };
}

test("lines are written whole and in order, also if one is longer than a batch", async () => {
  const lines = ["a", "€uro ", "x".repeat(100), "b".repeat(63), "ü".repeat(32), "", "last"].map((text) => `${text}\n`);
  const few = await writeLines({ batchBytes: 64, maxQueuedBytes: 10_000 }, lines);
  assert.deepEqual(few, { text: lines.join(""), droppedLines: 0 });
  const many = Array.from({ length: 5000 }, (_, index) => `${index} ${"·".repeat(index % 40)}\n`);
  assert.equal((await writeLines({ batchBytes: 1024, maxQueuedBytes: 10_000_000 }, many)).text, many.join(""));
});

test("above the limit of queued bytes, whole lines are dropped and counted", async () => {
  const lines = Array.from({ length: 1000 }, (_, index) => `${String(index).padStart(9, "0")}\n`);
  const { text, droppedLines } = await writeLines({ batchBytes: 100, maxQueuedBytes: 2000 }, lines);
  const kept = text.split("\n").slice(0, -1);
  assert.ok(kept.length >= 200 && kept.length < 300, String(kept.length));
  assert.equal(droppedLines, lines.length - kept.length);
  assert.deepEqual(
    kept.map(Number),
    kept.map((_, index) => index),
  );
});
