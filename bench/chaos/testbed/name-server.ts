import { createSocket, type RemoteInfo } from "node:dgram";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { atEnd } from "../../../test/shared/at-end.ts";
import { runProgram } from "../../../test/shared/run-program.ts";

const headerBytes = 12;
const typeA = 1;

export const dnsPort = 53;

/** Starts a DNS server whose addresses can be changed and whose responses can be delayed. Port 0 selects a free port. */
export async function startNameServer(port: number) {
  const addresses = new Map<string, string>();
  let delayMs = 0;
  const socket = createSocket("udp4");
  const answer = async (query: Buffer, { address, port: to }: RemoteInfo) => {
    if (delayMs > 0) await sleep(delayMs, undefined, { ref: false });
    socket.send(responseTo(query, addresses), to, address, () => undefined);
  };
  socket.on("message", (query, from) => void answer(query, from));
  socket.on("error", () => undefined);
  socket.bind(port, "127.0.0.1");
  await once(socket, "listening");
  atEnd(() => socket.close());
  return {
    port: socket.address().port,
    point: (name: string, address: string) => void addresses.set(name, address),
    delay: (ms: number) => {
      delayMs = ms;
    },
  };
}

/** Makes every program in the mount namespace of this process resolve names at 127.0.0.1. */
export async function useNameServer(): Promise<void> {
  writeFileSync("/run/resolv.conf", "nameserver 127.0.0.1\n");
  const { code, output } = await runProgram("mount", ["--bind", "/run/resolv.conf", "/etc/resolv.conf"]);
  if (code !== 0) throw new Error(output);
}

/** Builds a response with one address and TTL 0, or without an address. */
function responseTo(query: Buffer, addresses: ReadonlyMap<string, string>): Buffer {
  const { name, end } = readName(query);
  const address = query.readUInt16BE(end) === typeA ? addresses.get(name.toLowerCase()) : undefined;
  const known = addresses.has(name.toLowerCase());
  const header = Buffer.from(query.subarray(0, headerBytes));
  // Flags: a response, recursion available; the last digit is 3 if the name does not exist.
  header.writeUInt16BE(known ? 0x8180 : 0x8183, 2);
  header.writeUInt16BE(address === undefined ? 0 : 1, 6);
  header.writeUInt16BE(0, 8);
  header.writeUInt16BE(0, 10);
  const question = query.subarray(headerBytes, end + 4);
  if (address === undefined) return Buffer.concat([header, question]);
  // A pointer to the name in the question, type A, class IN, TTL 0, 4 bytes.
  const record = Buffer.from([0xc0, headerBytes, 0, typeA, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split(".").map(Number)]);
  return Buffer.concat([header, question, record]);
}

function readName(query: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = headerBytes;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join("."), end: at + 1 };
}
