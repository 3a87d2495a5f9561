import assert from "node:assert/strict";
import { chmod, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { changeOwner } from "../../src/embedded/postgres/run-as.ts";
import { startPostgres } from "../../src/embedded/postgres/start-postgres.ts";
import { asRoot, folderWithDatabase, onLinux, query, silent } from "./support/engines.ts";

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

test("in a folder that anyone can enter, Postgres has no capabilities", options, async (t) => {
  const dataDir = await folderWithDatabase(t);
  await chmod(dataDir, 0o755);
  const postgres = await startPostgres({ dataDir, log: silent, fast: true });
  t.after(() => postgres.stop());
  assert.match(await status(postgres.pid()), /^CapEff:\s+0+$/m);
});

const status = (pid: number | undefined) => readFile(`/proc/${pid}/status`, "utf8");
