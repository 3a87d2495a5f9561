import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { test } from "node:test";
import { askName } from "../../src/create/ask-name.ts";
import { readCommandLine } from "../../src/create/command-line.ts";
import { nameProblem } from "../../src/create/names.ts";
import { packTemplate } from "../../src/create/packed-template.ts";
import { atEnd } from "../shared/at-end.ts";
import { runProgram } from "../shared/run-program.ts";
import { root, template } from "./support/projects.ts";

const folder = mkdtempSync(join(tmpdir(), "haven-create-"));
atEnd(() => rmSync(folder, { recursive: true, force: true }));

/** The package as it is installed, with its sources in place of the compiled files. */
mkdirSync(join(folder, "package/dist"), { recursive: true });
cpSync(join(root, "src/create/package.json"), join(folder, "package/package.json"));
cpSync(join(root, "src/create"), join(folder, "package/dist/create"), {
  recursive: true,
  filter: (path) => !/\/(?:dist|sample|template)$/.test(path),
});
writeFileSync(join(folder, "package/dist/template.json.gz"), packTemplate(template));

const run = (...args: string[]) =>
  runProgram(process.execPath, [join(folder, "package/dist/create/main.ts"), ...args], { cwd: folder });

test("a service is written into a folder with its name, and the output names the next commands", async () => {
  const { code, output } = await run("my-service", "--with", "nginx,docker");
  assert.equal(code, 0, output);
  assert.match(output, /parts: nginx, docker\n[\s\S]*cd my-service\n[\s\S]*npm ci\n[\s\S]*npm start\n/);
  const read = (path: string) => readFileSync(join(folder, "my-service", path), "utf8");
  assert.equal(JSON.parse(read("package.json")).name, "my-service");
  assert.match(read(".gitignore"), /^\.my-service\/$/m);
  for (const path of ["nginx/nginx.conf", "docker/Dockerfile", ".npmrc"])
    assert.ok(existsSync(join(folder, "my-service", path)), path);
  for (const path of ["haproxy", "k8s", "monitoring", "cloud", ".github", "docker/docker-compose.lb.yml"])
    assert.ok(!existsSync(join(folder, "my-service", path)), path);
});

test("--yes uses the default name without a prompt, and --folder sets the folder", async () => {
  const { code, output } = await run("--yes", "--with", "none", "--folder", "elsewhere");
  assert.equal(code, 0, output);
  assert.match(output, /parts: none\n/);
  assert.equal(JSON.parse(readFileSync(join(folder, "elsewhere/package.json"), "utf8")).name, "my-service");
});

test("the command writes nothing into a folder with files", async () => {
  mkdirSync(join(folder, "taken"));
  writeFileSync(join(folder, "taken/notes.txt"), "mine");
  const { code, output } = await run("taken");
  assert.equal(code, 1);
  assert.equal(
    output,
    `The folder ${join(folder, "taken")} is not empty: it contains notes.txt. Choose another folder.\n`,
  );
  writeFileSync(join(folder, "file"), "");
  assert.match((await run("shop", "--folder", "file")).output, /exists and is not a folder/);
});

test("a folder with a fresh git repository counts as empty", async () => {
  mkdirSync(join(folder, "fresh/.git"), { recursive: true });
  assert.equal((await run("fresh", "--with", "none")).code, 0);
});

test("names that a package, an image or Kubernetes would refuse are refused with the reason", () => {
  for (const [name, reason] of [
    ["", /A name is needed/],
    ["My-Service", /must begin with a lower-case letter/],
    ["2fast", /must begin with a lower-case letter/],
    ["a--b", /single hyphens/],
    ["a_b", /lower-case letters, digits and single hyphens/],
    ["../up", /must begin with a lower-case letter/],
    ["a".repeat(31), /at most 30 characters/],
    ["postgres", /another service in the Compose file/],
  ] as const)
    assert.match(nameProblem(name) ?? "", reason, name);
  assert.equal(nameProblem("my-service"), undefined);
});

test("a wrong command line is refused with the reason", () => {
  for (const [args, reason] of [
    [["a", "b"], /^One name is enough; unexpected: b$/],
    [["a", "--with", "nginx", "--without", "ci"], /^--with and --without exclude each other\.$/],
    [["a", "--with", "apache"], /^There is no part "apache"\. The parts are: nginx, /],
    [["a", "--port", "1"], /^Unknown option '--port'$/],
  ] as const)
    assert.throws(() => readCommandLine(args), { name: "UsageError", message: reason });
});

test("usage errors exit with 64 and print the usage, also without a terminal", async () => {
  const { code, output } = await run();
  assert.equal(code, 64);
  assert.match(
    output,
    /^A name or --yes is needed, because there is no terminal to ask for the name\.\n\nUsage: npm create @haven-api /,
  );
  assert.equal((await run("My-Service")).code, 64);
  assert.match((await run("--help")).output, /^Usage: npm create @haven-api/);
  assert.match((await run("--version")).output, /^\d+\.\d+\.\d+\n$/);
});

test("the prompt repeats until the name is valid, and an empty line means the default", async () => {
  const answers = async (text: string) => {
    let prompted = "";
    const output = new Writable({
      write(chunk: Buffer, _encoding, done) {
        prompted += chunk;
        done();
      },
    });
    return { name: await askName({ input: Readable.from([text]), output }, "my-service"), prompted };
  };
  const { name, prompted } = await answers("Bad Name\norder-desk\n");
  assert.equal(name, "order-desk");
  assert.match(
    prompted,
    /^Name of the service \(my-service\): .*must begin with a lower-case letter[\s\S]*Name of the service/,
  );
  assert.equal((await answers("\n")).name, "my-service");
  assert.equal((await answers("")).name, undefined);
});
