import type { ProxyName } from "../arguments.ts";

export const proxyTitles: Readonly<Record<ProxyName, string>> = { nginx: "NGINX", haproxy: "HAProxy" };

/** Returns the anchor that GitHub generates for the heading of a fault. */
export const anchorOf = (title: string, proxy: ProxyName): string =>
  `${title}, behind ${proxyTitles[proxy]}`
    .toLowerCase()
    .replaceAll(/[^a-z0-9 _-]/g, "")
    .replaceAll(" ", "-");
