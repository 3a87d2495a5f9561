import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { pageHeaders } from "../../../../src/kit/status-page/document.ts";

type Answer = { status: number; body: string; headers?: Readonly<Record<string, string>> } | "never" | "cut";

/** Serves the current result of `answer`. The server can stop, and restart on the same port. */
export async function serve(t: TestContext, answer: (request: IncomingMessage) => Answer) {
  let requests = 0;
  const make = () =>
    createServer((request, response) => {
      requests += 1;
      const current = answer(request);
      if (current === "cut") request.socket.destroy();
      else if (current !== "never")
        response.writeHead(current.status, current.headers ?? pageHeaders).end(current.body);
    });
  let server = make();
  const listen = async (port: number): Promise<number> => {
    const listening = Promise.withResolvers<void>();
    server.once("error", listening.reject).listen(port, "127.0.0.1", listening.resolve);
    await listening.promise;
    const { port: usedPort } = server.address() as AddressInfo;
    return usedPort;
  };
  const stop = async (): Promise<void> => {
    const closed = Promise.withResolvers<void>();
    server.close(() => closed.resolve());
    server.closeAllConnections();
    await closed.promise;
  };
  const port = await listen(0);
  t.after(stop);
  return {
    url: `http://127.0.0.1:${port}/health/detailed`,
    requests: () => requests,
    stop,
    async restart(): Promise<void> {
      server = make();
      await listen(port);
    },
  };
}
