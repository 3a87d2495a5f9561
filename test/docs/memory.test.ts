import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { mebibyte, memoryBudget, memoryMargin } from "../../src/config/memory-budget.ts";
import { readConfig } from "../../src/config/read-config.ts";
import { bytesOf, instancesOf, serviceOf } from "../docker/compose-files.ts";

test("docs/memory.md states the parts of the memory budget, their sum, the limit and the margin", () => {
  const page = readFileSync(new URL("../../docs/memory.md", import.meta.url), "utf8");
  const numbers = [...page.matchAll(/^\| \**([^|*]+)\** \| \**(\d+)\** \|/gm)].map(([, , number]) => Number(number));
  const { deploy, environment } = serviceOf("lb", instancesOf("lb")[0] ?? "");
  const { photos } = readConfig({});
  const { parts, totalMiB } = memoryBudget({
    heapMiB: Number(/(\d+)$/.exec(environment["NODE_OPTIONS"] ?? "")?.[1]),
    maxBytesHeldByUploads: photos.maxBufferedBytes,
    imagesAtOnce: photos.images.maxConcurrent,
  });
  const limit = bytesOf(deploy.resources.limits.memory) / mebibyte;
  assert.deepEqual(numbers, [...Object.values(parts), totalMiB, limit]);
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  assert.ok(
    page.includes(`the margin is ${percent(1 - totalMiB / limit)}; at least ${percent(memoryMargin)} is required`),
  );
});
