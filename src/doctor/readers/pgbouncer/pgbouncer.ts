import { type Diagnostics, UnreadableError } from "../../diagnostics.ts";
import { type ConfigNumber, type ConfigText, count, type Place } from "../../facts/config-values.ts";
import { type Files, readRequiredFile } from "../../files.ts";

/** A database that PgBouncer forwards to, with the size of its pool for each user. */
export type PooledDatabase = { name: string; at: Place; host: string; pool: ConfigNumber };

/** A PgBouncer between the application and Postgres. */
export type PgBouncer = {
  at: Place;
  databases: readonly PooledDatabase[];
  poolMode: ConfigText;
  /** The maximum number of client connections. */
  maxClients: ConfigNumber;
  /** The additional connections that each pool may open under load. */
  reserve: ConfigNumber;
  /** The maximum number of connections to one database, for all of its users; undefined without a limit. */
  maxPerDatabase: ConfigNumber | undefined;
};

type Entry = { section: string; key: string; value: string; at: Place };

const origin = "PgBouncer's default";

export function readPgBouncer(files: Files, path: string, diagnostics: Diagnostics): PgBouncer {
  const file = files.displayPath(path);
  const all = entriesOf(readRequiredFile(files, path), file, diagnostics);
  if (!all.some(({ section }) => section === "pgbouncer" || section === "databases"))
    throw new UnreadableError({ file, line: 1 }, "is not a pgbouncer.ini: it has no [pgbouncer] and no [databases]");
  const at = { file, line: 1 };
  const setting = (name: string): Entry | undefined =>
    all.findLast(({ section, key }) => section === "pgbouncer" && key === name);
  const number = (name: string, defaultValue: number): ConfigNumber => {
    const found = setting(name);
    if (found === undefined) return count(name, defaultValue, at, origin);
    return wholeNumber(found, name, diagnostics) ?? count(name, defaultValue, found.at, origin);
  };
  const defaultPool = number("default_pool_size", 20);
  const limit = number("max_db_connections", 0);
  const mode = setting("pool_mode");
  return {
    at,
    databases: all
      .filter(({ section }) => section === "databases")
      .map((entry) => databaseOf(entry, defaultPool, diagnostics)),
    poolMode: { name: "pool_mode", text: mode?.value ?? "session", at: mode?.at ?? at },
    maxClients: number("max_client_conn", 100),
    reserve: number("reserve_pool_size", 0),
    maxPerDatabase: limit.value === 0 ? undefined : limit,
  };
}

function databaseOf({ key, value, at }: Entry, defaultPool: ConfigNumber, diagnostics: Diagnostics): PooledDatabase {
  const options = new Map(
    [...value.matchAll(/(\w+)\s*=\s*(?:'([^']*)'|(\S+))/g)].map(([, name = "", quoted, plain]) => [
      name,
      quoted ?? plain ?? "",
    ]),
  );
  const ownPoolSize = options.get("pool_size");
  const pool =
    ownPoolSize === undefined
      ? defaultPool
      : wholeNumber({ section: "", key, value: ownPoolSize, at }, "pool_size", diagnostics);
  return { name: key, at, host: options.get("host") ?? "", pool: pool ?? defaultPool };
}

function wholeNumber({ value, at }: Entry, name: string, diagnostics: Diagnostics): ConfigNumber | undefined {
  if (/^\d+$/.test(value)) return count(name, Number(value), at);
  diagnostics.addNote(at, `${name} ${value.slice(0, 40)}: not a number, or a variable whose value is not known`);
  return undefined;
}

/** Returns the entries of an ini file. Only a whole line can be a comment. */
function entriesOf(source: string, file: string, diagnostics: Diagnostics): Entry[] {
  let section = "";
  return source.split(/\r?\n/).flatMap((line, index): Entry[] => {
    const at = { file, line: index + 1 };
    const heading = /^\s*\[([^\]]+)\]/.exec(line)?.[1];
    if (heading !== undefined) section = heading.trim().toLowerCase();
    if (/^\s*%include\b/.test(line)) diagnostics.addNote(at, "%include: not followed, so its content is unknown");
    const [, key, value = ""] = /^\s*([^\s;#[%=][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    return key === undefined ? [] : [{ section, key, value, at }];
  });
}
