import type { Diagnostics } from "../diagnostics.ts";
import { type ConfigNumber, type ConfigText, type Place, percent, size } from "../facts/config-values.ts";
import type { SettingValues } from "./application-settings.ts";
import { type Tree, text } from "./yaml-tree.ts";

const wellKnownImages =
  /^(?:nginx|nginx-unprivileged|openresty|haproxy|envoy|traefik|caddy|httpd|postgres|postgresql|pgbouncer|pgadmin4?|timescaledb|postgis|redis|redis-stack|redis-exporter|valkey|keydb|memcached|mysql|mariadb|mongo|mongodb|rabbitmq|kafka|zookeeper|nats|elasticsearch|opensearch|kibana|logstash|fluentd|fluent-bit|prometheus|alertmanager|grafana|loki|promtail|tempo|jaeger|node-exporter|cadvisor|postgres-exporter|adminer|mailhog|mailpit|minio|vault|consul|etcd|busybox|alpine|debian|ubuntu|curl|k6|certbot|portainer|watchtower|localstack|nginx-prometheus-exporter|dnsmasq)$/;

/** Returns `name` of `registry/team/name:tag@digest`. */
export const imageName = (image: string): string =>
  (image.split("/").at(-1) ?? "").split("@")[0]?.replace(/:.*$/, "") ?? "";

/** A well-known image of a proxy, a database or a tool. */
export const isInfrastructure = (image: string): boolean =>
  wellKnownImages.test(imageName(image)) || isProxyImage(image);
export const isProxyImage = (image: string): boolean =>
  /(?:^|-)(?:nginx|openresty|haproxy)(?:-unprivileged|-proxy|-lb)?$/.test(imageName(image));
export const isDatabaseImage = (image: string): boolean =>
  isPostgresImage(image) || /^(?:pgbouncer|redis|redis-stack|valkey|keydb|mysql|mariadb)$/.test(imageName(image));
export const isPostgresImage = (image: string): boolean =>
  /^(?:postgres|postgresql|timescaledb|postgis)$/.test(imageName(image));

/** A command in one line, whether it is written as a list or as a string. */
export const commandText = (tree: Tree | undefined): string =>
  tree?.kind === "list" ? tree.items.map((item) => text(item) ?? "").join(" ") : (text(tree) ?? "");

/** The heap size in NODE_OPTIONS or on the command line. */
export function heapOf(
  environment: SettingValues,
  command: readonly ConfigText[],
  diagnostics: Diagnostics,
): ConfigNumber | undefined {
  const options = environment.get("NODE_OPTIONS");
  const words =
    options?.text === undefined ? command : [configText("NODE_OPTIONS", options.text, options.at), ...command];
  for (const { name, text: content, at } of words) {
    const megabytes = /--max[-_]old[-_]space[-_]size[= ](\S+)/.exec(content)?.[1];
    const share = /--max[-_]old[-_]space[-_]size[-_]percentage[= ](\d+(?:\.\d+)?)/.exec(content)?.[1];
    if (share !== undefined) return percent(`heap in ${name}`, Number(share), at);
    if (megabytes === undefined) continue;
    if (/^\d+$/.test(megabytes)) return size(`heap in ${name}`, Number(megabytes) * 1024 ** 2, at);
    diagnostics.addNote(at, `--max-old-space-size=${megabytes.slice(0, 30)}: a variable, so the heap is not known`);
  }
  return undefined;
}

const secondsIn: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3600, d: 86_400 };

/** The duration of the sleeps in a command, in milliseconds; undefined where it cannot be determined. */
export function sleepOf(command: string): number | undefined {
  const sleeps = [...command.matchAll(/\bsleep[\s,"']+([^\s,"';&|)]+)/g)].map(([, time = ""]) => {
    const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(time) ?? [];
    return amount === undefined ? Number.NaN : Number(amount) * (secondsIn[unit] ?? Number.NaN) * 1000;
  });
  const sum = sleeps.reduce((total, durationMs) => total + durationMs, 0);
  return sleeps.length === 0 || Number.isNaN(sum) ? undefined : sum;
}

export const configText = (name: string, text: string, at: Place): ConfigText => ({ name, text, at });
