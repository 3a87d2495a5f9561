import { type Place, percent, type Seen, size, type Told } from "../facts.ts";
import type { Ledger } from "../source.ts";

const others =
  /^(?:nginx|nginx-unprivileged|openresty|haproxy|envoy|traefik|caddy|httpd|postgres|postgresql|pgbouncer|pgadmin4?|timescaledb|postgis|redis|redis-stack|redis-exporter|valkey|keydb|memcached|mysql|mariadb|mongo|mongodb|rabbitmq|kafka|zookeeper|nats|elasticsearch|opensearch|kibana|logstash|fluentd|fluent-bit|prometheus|alertmanager|grafana|loki|promtail|tempo|jaeger|node-exporter|cadvisor|postgres-exporter|adminer|mailhog|mailpit|minio|vault|consul|etcd|busybox|alpine|debian|ubuntu|curl|k6|certbot|portainer|watchtower|localstack|nginx-prometheus-exporter|dnsmasq)$/;

/** `registry/team/name:tag@digest`: the name alone. */
export const imageName = (image: string): string =>
  (image.split("/").at(-1) ?? "").split("@")[0]?.replace(/:.*$/, "") ?? "";

/** An image that everybody knows, and that is no application of ours. */
export const isInfrastructure = (image: string): boolean => others.test(imageName(image)) || isProxyImage(image);
export const isProxyImage = (image: string): boolean =>
  /(?:^|-)(?:nginx|openresty|haproxy)(?:-unprivileged|-proxy|-lb)?$/.test(imageName(image));
export const isPostgresImage = (image: string): boolean =>
  /^(?:postgres|postgresql|timescaledb|postgis)$/.test(imageName(image));

/** What V8 is told about its heap, in NODE_OPTIONS or on the command line. */
export function heapOf(words: readonly Seen[], ledger: Ledger): Told | undefined {
  for (const { name, text, at } of words) {
    const megabytes = /--max[-_]old[-_]space[-_]size[= ](\S+)/.exec(text)?.[1];
    const share = /--max[-_]old[-_]space[-_]size[-_]percentage[= ](\d+(?:\.\d+)?)/.exec(text)?.[1];
    if (share !== undefined) return percent(`heap in ${name}`, Number(share), at);
    if (megabytes === undefined) continue;
    if (/^\d+$/.test(megabytes)) return size(`heap in ${name}`, Number(megabytes) * 1024 ** 2, at);
    ledger.note(at, `--max-old-space-size=${megabytes.slice(0, 30)}: a variable, so the heap is not known`);
  }
  return undefined;
}

/** `postgres -c max_connections=200`, in whatever form a file has it. */
export function maxConnectionsOf(command: string): number | undefined {
  const found = /max_connections\s*[= ]\s*['"]?(\d+)/.exec(command)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** How long a hook takes that sleeps; undefined where that cannot be seen. */
export function sleepOf(command: string): number | undefined {
  const sleeps = [...command.matchAll(/\bsleep[\s,"']+(\d+(?:\.\d+)?)/g)].map(([, seconds]) => Number(seconds));
  return sleeps.length === 0 ? undefined : sleeps.reduce((sum, seconds) => sum + seconds * 1000, 0);
}

export const placed = (name: string, text: string, at: Place): Seen => ({ name, text, at });
