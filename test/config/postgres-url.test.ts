import assert from "node:assert/strict";
import { test } from "node:test";
import { readPostgresUrl } from "../../src/config/postgres-url.ts";

const hostsOf = (url: string) => readPostgresUrl(url).hosts.map(({ host, address, port }) => [host, address, port]);

for (const [url, hosts] of [
  ["postgres://db.internal/haven", [["db.internal", undefined, 5432]]],
  ["postgresql://u:p@db.internal:6432/haven", [["db.internal", undefined, 6432]]],
  [
    "postgres://a:1,b,[::1]:3/haven",
    [
      ["a", undefined, 1],
      ["b", undefined, 5432],
      ["::1", undefined, 3],
    ],
  ],
  ["postgres:///haven?host=/var/run/postgresql", [["/var/run/postgresql", undefined, 5432]]],
  ["postgres:///haven?host=/cloudsql/p:r:i&port=6000", [["/cloudsql/p:r:i", undefined, 6000]]],
  ["postgres://%2Fvar%2Frun%2Fpostgresql/haven", [["/var/run/postgresql", undefined, 5432]]],
  [
    "postgres:///haven?host=a,b&port=1,2",
    [
      ["a", undefined, 1],
      ["b", undefined, 2],
    ],
  ],
  [
    "postgres://a,b/haven?port=7",
    [
      ["a", undefined, 7],
      ["b", undefined, 7],
    ],
  ],
  ["postgres://db.internal/haven?hostaddr=10.0.0.7", [["db.internal", "10.0.0.7", 5432]]],
  [
    "postgres:///haven?hostaddr=10.0.0.7,10.0.0.8",
    [
      ["10.0.0.7", "10.0.0.7", 5432],
      ["10.0.0.8", "10.0.0.8", 5432],
    ],
  ],
  ["postgres:///haven", [[undefined, undefined, 5432]]],
] as const) {
  test(`the hosts of ${url} are read as libpq does`, () => assert.deepEqual(hostsOf(url), hosts));
}

test("user, password and database are decoded, in the places where libpq accepts them", () => {
  for (const url of [
    "postgres://us%40er:p%2Fa%3Ass@h/da%20ta",
    "postgres://h/?user=us%40er&password=p%2Fa%3Ass&dbname=da%20ta",
    "postgres://us%40er@h/da%20ta?password=p/a:ss",
  ])
    assert.partialDeepStrictEqual(readPostgresUrl(url), { user: "us@er", password: "p/a:ss", database: "da ta" });
  assert.equal(readPostgresUrl("postgres://user:p@ss#w@h/d").password, "p@ss#w");
  assert.equal(readPostgresUrl("postgres://user:p+w@h/d").password, "p+w");
});

test("parameters of libpq are read, and parameters of other drivers are ignored", () => {
  const url =
    "postgres://h/d?sslmode=verify-ca&sslrootcert=/ca&sslcert=/c&sslkey=/k&target_session_attrs=read-write&connect_timeout=3&options=-c%20search_path%3Dx&pgbouncer=true&keepalives_idle=5&sslaccept=strict&sslsni=1&schema=public&connection_limit=5&statement_timeout=9";
  assert.partialDeepStrictEqual(readPostgresUrl(url), {
    sslMode: "verify-ca",
    sslFiles: { ca: "/ca", cert: "/c", key: "/k" },
    targetSession: "read-write",
    connectTimeoutMs: 3000,
    options: "-c search_path=x",
  });
});

for (const [url, problem] of [
  ["mysql://h/d", /starts with postgres/],
  ["postgres://h:x/d", /hosts such as/],
  ["postgres://h:70000/d", /ports from 1 to 65535/],
  ["postgres://a,b,c/d?port=1,2", /one port, or one for each host/],
  ["postgres://a,b/d?hostaddr=10.0.0.1", /as many entries in hostaddr/],
  ["postgres://h/d?sslmode=strict", /sslmode: disable, allow/],
  ["postgres://h/d?target_session_attrs=writable", /target_session_attrs: any, read-write/],
  ["postgres://h/%zz", /percent signs/],
  ["postgres://h/d?sslcrl=/crl", /sslcrl, which is not supported/],
  ["postgres://h/d?gssencmode=require", /gssencmode=require/],
  ["postgres://h/d?sslmode=disable&channel_binding=require", /channel_binding=require, which needs TLS/],
  ["postgres://h/d?sslmod=verify-full", /unknown parameter sslmod; sslmode is probably meant/],
  ["postgres:///d?hosts=db1", /unknown parameter hosts; host is probably meant/],
  ["postgres://h/d?sslMode=verify-full", /unknown parameter sslMode; sslmode is probably meant/],
  ["postgres://h/d?ssl_rootcert=/ca", /unknown parameter ssl_rootcert; sslrootcert is probably meant/],
  ["postgres://h/d?connect_timeout=abc", /number of seconds as connect_timeout/],
] as const) {
  test(`${url} is rejected`, () => assert.throws(() => readPostgresUrl(url), problem));
}
