import assert from "node:assert/strict";
import { test } from "node:test";
import { errorCodeOf, reasonOf } from "../../../src/kit/health/reason.ts";

const withCode = (code: string, message = "text with db.internal in it") => Object.assign(new Error(message), { code });
const reply = (message: string) => Object.assign(new Error(message), { name: "ReplyError" });

const errors = [
  [withCode("25006"), "read_only", "25006"],
  [withCode("53100"), "disk_full", "53100"],
  [withCode("53200"), "out_of_memory", "53200"],
  [withCode("53300"), "too_many_connections", "53300"],
  [withCode("42501"), "forbidden", "42501"],
  [withCode("28P01"), "credentials", "28P01"],
  [withCode("57P03"), "loading", "57P03"],
  [withCode("CERT_HAS_EXPIRED"), "tls", "CERT_HAS_EXPIRED"],
  [withCode("ERR_TLS_CERT_ALTNAME_INVALID"), "tls", "ERR_TLS_CERT_ALTNAME_INVALID"],
  [withCode("DEPTH_ZERO_SELF_SIGNED_CERT"), "tls", "DEPTH_ZERO_SELF_SIGNED_CERT"],
  [reply("OOM command not allowed when used memory > 'maxmemory'."), "out_of_memory", "OOM"],
  [reply("NOREPLICAS Not enough good replicas to write."), "no_replicas", "NOREPLICAS"],
  [reply("READONLY You can't write against a read only replica."), "not_primary", "READONLY"],
  [reply("MISCONF Redis is configured to save RDB snapshots"), "disk_full", "MISCONF"],
  [reply("LOADING Redis is loading the dataset in memory"), "loading", "LOADING"],
  [reply("CLUSTERDOWN The cluster is down"), "cluster_down", "CLUSTERDOWN"],
  [reply("NOPERM User app has no permissions to run the 'evalsha' command"), "forbidden", "NOPERM"],
  [reply("ERR The user executing the script can't run this command or subcommand"), "forbidden", "ERR"],
  [reply("ERR ACL failure in script: User app has no permissions to run the 'get' command"), "forbidden", "ERR"],
  [reply("WRONGPASS invalid username-password pair or user is disabled."), "credentials", "WRONGPASS"],
  [new Error("The connection failed.", { cause: withCode("ECONNREFUSED") }), "refused", "ECONNREFUSED"],
  [new DOMException("late", "TimeoutError"), "timeout", undefined],
  [new Error("password of db.internal is wrong"), "failed", undefined],
  [undefined, "failed", undefined],
] as const;

for (const [error, reason, code] of errors) {
  const shown = code ?? String(error);
  test(`${shown} has the reason ${reason}, and its code contains no text of the message`, () => {
    assert.deepEqual([reasonOf(error), errorCodeOf(error)], [reason, code]);
  });
}
