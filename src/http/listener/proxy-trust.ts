import type { BlockList } from "node:net";
import { isIPv6, type Socket } from "node:net";
import { unmapIpv4 } from "../../core/network/ip-address.ts";

/** Returns whether the peer of a connection is a trusted proxy. The result is cached per connection. */
export function createTrust(trusted: Pick<BlockList, "check">) {
  const isTrustedBySocket = new WeakMap<Socket, boolean>();
  const trusts = (address: string | undefined): boolean => {
    if (address === undefined) return false;
    const plain = unmapIpv4(address);
    return trusted.check(plain, isIPv6(plain) ? "ipv6" : "ipv4");
  };
  return {
    trusts,
    trustsPeer(socket: Socket): boolean {
      let isTrusted = isTrustedBySocket.get(socket);
      if (isTrusted === undefined) {
        isTrusted = trusts(socket.remoteAddress);
        isTrustedBySocket.set(socket, isTrusted);
      }
      return isTrusted;
    },
  };
}

export type Trust = ReturnType<typeof createTrust>;
