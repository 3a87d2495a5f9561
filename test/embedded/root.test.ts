import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { changeOwner, runAs } from "../../src/embedded/postgres/run-as.ts";
import { startPostgres } from "../../src/embedded/postgres/start-postgres.ts";
import { asRoot, folder, folderWithDatabase, onLinux, query, silent } from "./support/engines.ts";

const options = { skip: !(asRoot && onLinux) };

test(
  "Postgres that root starts runs as another user, even if root owns the data and only root can enter the folder",
  options,
  async (t) => {
    const dataDir = await folderWithDatabase(t);
    assert.equal((await stat(dataDir)).mode & 0o777, 0o700);
    await changeOwner({ uid: 0, gid: 0 }, join(dataDir, "postgres"));
    const postgres = await startPostgres({ dataDir, log: silent, fast: true });
    t.after(() => postgres.stop());
    assert.deepEqual(await query(postgres.url, "SELECT 1"), [1]);
    const [, uid] = /^Uid:\s+(\d+)/m.exec(await status(postgres.pid())) ?? [];
    assert.notEqual(Number(uid), 0);
    assert.equal((await stat(join(dataDir, "postgres"))).uid, Number(uid));
  },
);

test(
  "if all users can enter the folders of Postgres and of its data, Postgres runs without capabilities",
  options,
  async (t) => {
    const open = await folder(t);
    await chmod(open, 0o755);
    const { prefix } = await runAs(join(open, "postgres"), open, open);
    const [command = "", ...args] = [...prefix, "cat", "/proc/self/status"];
    const { stdout } = await promisify(execFile)(command, args);
    assert.match(stdout, /^CapEff:\s+0+$/m);
  },
);

const status = (pid: number | undefined) => readFile(`/proc/${pid}/status`, "utf8");
