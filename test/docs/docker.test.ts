import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { layouts, read } from "../docker/compose-files.ts";
import { ask } from "../shared/requests/http.ts";
import { login, sameSecret } from "../shared/requests/people.ts";
import { runProgram } from "../shared/run-program.ts";
import { freshDatabase } from "../shared/servers/stores/database.ts";
import { startHaven } from "../support/haven.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = readFileSync(`${root}docs/docker.md`, "utf8");
const inContainer = "docker compose -f docker-compose.lb.yml exec api-server-1 node dist/main.js";

test("the commands of docs/docker.md create the first account and the administrator", async () => {
  const DATABASE_URL = await freshDatabase();
  const haven = await startHaven({ env: { ...sameSecret, DATABASE_URL } });
  const [, block = ""] = /## The first account[\s\S]*?```sh\n([\s\S]*?)```/.exec(page) ?? [];
  assert.ok(block.includes("https://localhost/") && block.includes(inContainer));
  const script = block
    .replaceAll("https://localhost", haven.url)
    .replaceAll("curl ", "curl --fail --show-error ")
    .replaceAll(inContainer, `"${process.execPath}" src/main.ts`);
  const env = { PATH: process.env["PATH"], NODE_ENV: "production", DATABASE_URL };
  const { code, output } = await runProgram("bash", ["-euc", script], { cwd: root, env });
  assert.equal(code, 0, output);
  assert.match(output, /"accessToken":[\s\S]*The account is an administrator/);
  const [, email = "", password = ""] = /"email":"([^"]+)","password":"([^"]+)"/.exec(block) ?? [];
  const { accessToken } = await login(haven.url, { email, password });
  assert.match(Buffer.from(accessToken.split(".")[1] ?? "", "base64url").toString(), /"role":"admin"/);
});

test("/ redirects a browser to the page /api, and other clients get a 404 that names /api", async () => {
  const haven = await startHaven({ env: sameSecret });
  const browser = await ask(`${haven.url}/`, { headers: { Accept: "text/html" } });
  assert.deepEqual([browser.status, browser.headers.location], [302, "/api"]);
  const notFound = await ask(`${haven.url}/`);
  assert.equal(notFound.status, 404);
  assert.match(notFound.text, /GET \/api/);
  const landing = await ask(`${haven.url}/api`, { headers: { Accept: "text/html" } });
  assert.match(String(landing.headers["content-type"]), /^text\/html/);
});

test("every file and service that the page names exists", () => {
  const files = [...page.matchAll(/\b(?:docker-compose\.\w+\.yml|load-balancer-setup\.sh)/g)].map(
    ([name]) => `docker/${name}`,
  );
  const links = [...page.matchAll(/\]\(([^):#]+)\)/g)].map(([, name]) => `docs/${name}`);
  for (const file of [...files, ...links]) assert.ok(existsSync(root + file), file);
  const services = new Set(layouts.flatMap((layout) => Object.keys(read(layout).services)));
  // Commands of other guides name services of other set-ups.
  const ownSections = page.split("## Names in other guides")[0] ?? "";
  for (const [, service = ""] of ownSections.matchAll(/ (?:exec(?: -T)?|run --rm) ([a-z][\w-]*)/g))
    assert.ok(services.has(service), service);
});
