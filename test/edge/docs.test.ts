import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { send } from "../shared/requests/proxy-client.ts";
import { runProgram } from "../shared/run-program.ts";
import { startEngines, startFleet } from "../shared/servers/fleet.ts";
import { installNginx, type RunningProxy, startHaproxy, startNginx } from "../shared/servers/proxies.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (file: string) => readFileSync(`${root}${file}`, "utf8");
const page = read("docs/load-balancing.md");

/** A comment in front of each block of commands names the proxy. The file acme.test.ts runs the two ACME blocks. */
const blocks = [...page.matchAll(/<!-- (nginx|haproxy|any|acme-renew|acme-save) -->\n```sh\n([\s\S]*?)```/g)].map(
  ([, proxy = "", commands = ""]) => ({ proxy, commands }),
);
const runCommands = (commands: string) => runProgram("bash", ["-euo", "pipefail", "-c", commands], { cwd: root });

before(async () => {
  await startEngines();
  await startFleet();
});

test("every block of commands names its proxy", () => {
  assert.equal(page.split("```sh").length - 1, blocks.length);
  assert.ok(blocks.length >= 12);
});

for (const [name, start] of [
  ["nginx", startNginx],
  ["haproxy", startHaproxy],
] as const) {
  describe(`with ${name}`, () => {
    let proxy: RunningProxy;
    before(async () => {
      proxy = await start();
    });

    for (const { commands } of blocks.filter(
      (block) => block.proxy === name || (block.proxy === "any" && name === "nginx"),
    )) {
      test(commands.trim().split("\n")[0] ?? "", async () => {
        const { code, output } = await runCommands(commands);
        assert.equal(code, 0, output);
        assert.doesNotMatch(output, /does not answer|: not found|No such|unknown command/i, output);
        assert.equal((await send("/ready")).status, 200);
      });
    }

    test("the proxy stops", () => proxy.stop());
  });
}

test("the commands for certificates create the files that the configurations expect", async () => {
  await installNginx();
  const certificateBlocks = [
    ...(read("nginx/README.md") + read("haproxy/README.md")).matchAll(/```sh\n([\s\S]*?)```/g),
  ];
  assert.equal(certificateBlocks.length, 2);
  for (const [, commands = ""] of certificateBlocks) {
    const { code, output } = await runCommands(commands);
    assert.equal(code, 0, output);
  }
  assert.equal((await runProgram("nginx", ["-t"])).code, 0);
  assert.equal((await runProgram("haproxy", ["-c", "-f", "/etc/haproxy/haproxy.cfg"])).code, 0);
});

test("the README of the folder lists every file and every variant", () => {
  const readme = read("nginx/README.md");
  for (const file of readdirSync(`${root}nginx/haven`)) assert.ok(readme.includes(`\`haven/${file}\``), file);
  for (const file of readdirSync(`${root}nginx/variants`)) assert.ok(readme.includes(`\`${file}\``), file);
  for (const file of readdirSync(`${root}nginx/newer`)) assert.ok(readme.includes(`\`newer/${file}\``), file);
  const switches = [...read("haproxy/haproxy.cfg").matchAll(/"\$\{?(HA[A-Z_]+)/g)].map(([, name = ""]) => name);
  const head = read("haproxy/haproxy.cfg").split("\nglobal\n")[0] ?? "";
  for (const name of switches) assert.ok(head.includes(`${name}=`), name);
});
