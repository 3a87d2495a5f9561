import { once } from "node:events";
import { connect } from "node:net";
import type { Check } from "../health/check.ts";
import { type CheckOptions, withDefaults } from "./check-options.ts";

/**
 * The options of `tcpCheck`.
 * @example const options: TcpCheckOptions = { name: "smtp", host: "mail.internal", port: 25 };
 */
export type TcpCheckOptions = CheckOptions & {
  /** The host to connect to. */
  host: string;
  /** The port to connect to. */
  port: number;
};

/**
 * Opens a connection and closes it. This proves less than a request, because a process that hangs still accepts
 * connections.
 * @example const check = tcpCheck({ name: "smtp", host: "mail.internal", port: 25, critical: false });
 */
export function tcpCheck(options: TcpCheckOptions): Check {
  const { name = "tcp", host, port } = options;
  return {
    name,
    ...withDefaults(options),
    async run(signal) {
      const socket = connect({ host, port });
      try {
        await once(socket, "connect", { signal });
      } finally {
        socket.destroy();
        // Without a listener, an error after the abort would end the process.
        socket.on("error", () => undefined);
      }
    },
  };
}
