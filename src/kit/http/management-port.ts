import type { Server } from "node:http";

const causes: Readonly<Record<string, string>> = {
  EADDRINUSE: "another server listens on it",
  EACCES: "this process has not the right to open it",
};

/** Opens the management port once, and ends the process with one clear error if that fails, as for a port of the app. */
export function createManagementPort(port: number | undefined, createServer: () => Server) {
  let server: Server | undefined;
  return {
    open(): void {
      if (port === undefined || server !== undefined) return;
      server = createServer().on("error", (cause: NodeJS.ErrnoException) => {
        const { code = "", message } = cause;
        throw new Error(`operators.managementPort ${port} cannot be opened: ${causes[code] ?? message} (${code})`, {
          cause,
        });
      });
      server.listen(port);
    },
    close(): void {
      server?.close();
      server?.closeAllConnections();
    },
  };
}
