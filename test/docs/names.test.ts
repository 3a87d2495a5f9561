import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { layouts, read } from "../docker/compose-files.ts";
import { ask } from "../shared/requests/http.ts";
import { sameSecret } from "../shared/requests/people.ts";
import { startHaven } from "../support/haven.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const text = (file: string) => readFileSync(root + file, "utf8");
const pages = ["load-balancing", "docker", "kubernetes", "cloud", "monitoring"];

/** Returns the rows of all tables under "Names in other guides" whose heading row begins with these words. */
function rowsOf(heading: string): string[][] {
  const rows = pages.flatMap((page) => {
    const section = text(`docs/${page}.md`).split("## Names in other guides")[1] ?? "";
    const table = section.split("\n\n").find((part) => part.startsWith(`| ${heading}`));
    return table?.trim().split("\n").slice(2) ?? [];
  });
  assert.ok(rows.length > 5, heading);
  return rows.map((row) => row.split(/(?<!\\)\|/).slice(1, -1));
}

const quoted = (cell = ""): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word);

test("every file in the second column exists, if the third column is empty", () => {
  const ofFiles = rowsOf("in other guides").filter(([, , foundIn = ""]) => foundIn.trim() === "");
  for (const [otherName = "", ourName] of ofFiles) {
    const files = quoted(ourName).filter((word) => /^(nginx|haproxy|docker|k8s|cloud|monitoring)\/.+$/.test(word));
    assert.ok(files.length > 0, otherName);
    for (const file of files) assert.ok(existsSync(root + file), file);
  }
});

test("every name in the second column is in the files of the third column", () => {
  for (const [, ourNames, foundIn] of rowsOf("in other guides"))
    for (const file of quoted(foundIn))
      for (const name of quoted(ourNames).filter((word) => !word.endsWith("…")))
        assert.ok(new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(text(file)), `${name} in ${file}`);
});

test("every address returns a response", async () => {
  const haven = await startHaven({ env: sameSecret });
  const paths = rowsOf("address").flatMap(([, ourName]) => quoted(ourName).filter((word) => /^\/[a-z/-]+$/.test(word)));
  assert.ok(paths.length > 8);
  for (const path of paths) assert.equal((await ask(haven.url + path)).status, 200, path);
  assert.equal((await ask(`${haven.url}/`)).status, 404);
});

test("every command exists in the script, or names an existing service", async () => {
  const commands = [...rowsOf("address"), ...rowsOf("command")].flatMap(([, ourName]) => quoted(ourName));
  const services = new Set(layouts.flatMap((layout) => Object.keys(read(layout).services)));
  const script = text("docker/load-balancer-setup.sh");
  let checkedCommands = 0;
  for (const command of commands) {
    const [, scriptCommand] = /^\.\/load-balancer-setup\.sh (\S+)/.exec(command) ?? [];
    const [, service] = / exec (\S+) |sh logs (\S+)$/.exec(command)?.filter(Boolean) ?? [];
    if (scriptCommand !== undefined) assert.match(script, new RegExp(`^  ${scriptCommand} `, "m"), command);
    if (service !== undefined) assert.ok(services.has(service), command);
    if (/^[a-z0-9]+\/\S+\.sh /.test(command)) assert.ok(existsSync(root + command.split(" ")[0]), command);
    checkedCommands += Number(scriptCommand !== undefined || service !== undefined);
  }
  assert.ok(checkedCommands >= 7);
});
