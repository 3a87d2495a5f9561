import { closestWord } from "../../../core/spelling.ts";
import type { Diagnostics } from "../../diagnostics.ts";
import type { Directive } from "./nginx-syntax.ts";

/** The directives that rules check, and other nginx directives with a similar name. */
const checkedDirectives = new Set(
  `proxy_read_timeout proxy_send_timeout proxy_connect_timeout proxy_next_upstream proxy_next_upstream_tries
  proxy_next_upstream_timeout keepalive keepalive_timeout worker_shutdown_timeout worker_processes client_max_body_size
  proxy_set_header proxy_pass add_header limit_req limit_req_status limit_req_zone limit_conn limit_conn_zone
  limit_conn_status set_real_ip_from resolver upstream stream server location include ip_hash least_conn
  proxy_cookie_path proxy_cookie_flags`.split(/\s+/),
);

/** Blocks that contain data and no directives. */
const dataBlocks = new Set(["map", "geo", "types", "split_clients"]);

/** nginx and its modules have thousands of directives, so only a misspelled directive that a rule checks is recorded. */
export function noteMisspelled(all: readonly Directive[], diagnostics: Diagnostics): void {
  const meant = new Map(
    [...new Set(all.map(({ name }) => name))].map((name) => [name, closestWord(name, checkedDirectives)]),
  );
  for (const { name, parent, at } of all) {
    const near = meant.get(name);
    if (near === undefined || dataBlocks.has(parent?.name ?? "")) continue;
    diagnostics.addNote(at, `${name}: not a known directive; perhaps ${near} is meant`);
  }
}
