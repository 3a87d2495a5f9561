import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createBatchedWriter } from "../../src/core/batched-writer.ts";

async function written(
  options: { batchBytes: number; maxQueuedBytes: number },
  lines: readonly string[],
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "haven-writer-"));
  const file = join(folder, "log");
  const fd = openSync(file, "w");
  const writer = createBatchedWriter({ fd, ...options });
  for (const line of lines) writer.write(line);
  await writer.drain(5000);
  closeSync(fd);
  const text = readFileSync(file, "utf8");
  rmSync(folder, { recursive: true });
  return text;
}

test("lines are written whole and in order, also if one is longer than a batch", async () => {
  const lines = ["a", "€uro ", "x".repeat(100), "b".repeat(63), "ü".repeat(32), "", "last"].map((text) => `${text}\n`);
  assert.equal(await written({ batchBytes: 64, maxQueuedBytes: 10_000 }, lines), lines.join(""));
  const many = Array.from({ length: 5000 }, (_, index) => `${index} ${"·".repeat(index % 40)}\n`);
  assert.equal(await written({ batchBytes: 1024, maxQueuedBytes: 10_000_000 }, many), many.join(""));
});

test("above the limit of queued bytes, whole lines are dropped", async () => {
  const lines = Array.from({ length: 1000 }, (_, index) => `${String(index).padStart(9, "0")}\n`);
  const text = await written({ batchBytes: 100, maxQueuedBytes: 2000 }, lines);
  const kept = text.split("\n").slice(0, -1);
  assert.ok(kept.length >= 200 && kept.length < 300, String(kept.length));
  assert.deepEqual(
    kept.map(Number),
    kept.map((_, index) => index),
  );
});
