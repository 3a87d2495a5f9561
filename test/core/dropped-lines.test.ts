import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";

const program = `
  const { createLogger } = await import(${JSON.stringify(new URL("../../src/core/logging/logger.ts", import.meta.url).href)});
  const { logger, droppedLines } = createLogger({ level: "info", instance: "i", version: "1" });
  const padding = "x".repeat(50_000);
  while (droppedLines() < 20) logger.info({ padding }, "line");
  process.send("full");
  process.on("message", () => process.exit(0));
`;

test("when the output is read again, a log line states how many lines were dropped", async () => {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  await once(child, "message");
  let tail = "";
  const { promise, resolve } = Promise.withResolvers<string>();
  child.stdout?.on("data", (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-200_000);
    const line = tail.split("\n").find((one) => one.includes("log lines were dropped") && one.endsWith("}"));
    if (line !== undefined) resolve(line);
  });
  const { level, dropped } = JSON.parse(await promise);
  assert.equal(level, "warn");
  assert.ok(dropped >= 20, String(dropped));
  child.send("exit");
  await once(child, "exit");
});
