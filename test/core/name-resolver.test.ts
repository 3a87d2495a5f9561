import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import { type Addresses, createNameResolver } from "../../src/core/network/name-resolver.ts";
import { atEnd } from "../shared/at-end.ts";

const address = (text: string): Addresses => [{ address: text, family: 4 }];

/** Returns a resolver, and its look-ups, which the test resolves or rejects. */
function start() {
  const waiting: PromiseWithResolvers<Addresses>[] = [];
  const resolver = createNameResolver(() => {
    const lookUp = Promise.withResolvers<Addresses>();
    waiting.push(lookUp);
    return lookUp.promise;
  });
  return { waiting, addressesOf: () => resolver.addressesOf("postgres") };
}

test("while DNS answers late, the last known address is used; after the late answer, its address is used", async () => {
  const { waiting, addressesOf } = start();
  const first = addressesOf();
  waiting[0]?.resolve(address("10.0.0.1"));
  assert.deepEqual(await first, address("10.0.0.1"));
  assert.deepEqual(await addressesOf(), address("10.0.0.1"));
  waiting[1]?.resolve(address("10.0.0.2"));
  const third = addressesOf();
  waiting[2]?.resolve(address("10.0.0.2"));
  assert.deepEqual(await third, address("10.0.0.2"));
});

test("while DNS fails, the last known address is used, unless the name does not exist any more", async () => {
  const { waiting, addressesOf } = start();
  const first = addressesOf();
  waiting[0]?.resolve(address("10.0.0.1"));
  await first;
  const second = addressesOf();
  waiting[1]?.reject(Object.assign(new Error("try again"), { code: "EAI_AGAIN" }));
  assert.deepEqual(await second, address("10.0.0.1"));
  const third = addressesOf();
  waiting[2]?.reject(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }));
  await assert.rejects(third, /no such name/);
});

test("calls share a look-up, so that late answers do not occupy all threads", async () => {
  const { waiting, addressesOf } = start();
  const all = Array.from({ length: 20 }, addressesOf);
  assert.equal(waiting.length, 1);
  waiting[0]?.resolve(address("10.0.0.1"));
  assert.deepEqual((await Promise.all(all)).at(-1), address("10.0.0.1"));
});

test("sockets connect to the addresses of the system's resolver", async () => {
  const server = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
  atEnd(() => server.close());
  await once(server, "listening");
  const bound = server.address();
  const port = typeof bound === "object" ? bound?.port : undefined;
  const { lookup } = createNameResolver();
  const socket = connect({ host: "localhost", port: port ?? 0, lookup });
  await once(socket, "connect");
  socket.destroy();
  const unknown = connect({ host: "nowhere.invalid", port: port ?? 0, lookup });
  const [error] = await once(unknown, "error");
  assert.match(String(error.code), /ENOTFOUND|EAI_AGAIN/);
});
