import type { ProxyName } from "../arguments.ts";

export const called: Readonly<Record<ProxyName, string>> = { nginx: "NGINX", haproxy: "HAProxy" };

/** The anchor that GitHub generates for a heading. */
export const anchorOf = (title: string, proxy: ProxyName): string =>
  `${title}, behind ${called[proxy]}`
    .toLowerCase()
    .replaceAll(/[^a-z0-9 _-]/g, "")
    .replaceAll(" ", "-");
