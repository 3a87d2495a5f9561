import type { Server } from "node:http";

const causes: Readonly<Record<string, string>> = {
  EADDRINUSE: "another server listens on it",
  EACCES: "this process lacks the permission to open it",
};

/** Opens the management port once. If that fails, the process ends with an error that names the port. */
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
