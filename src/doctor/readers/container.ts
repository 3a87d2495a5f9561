import type { Diagnostics } from "../diagnostics.ts";
import { type ConfigNumber, type ConfigText, type Place, percent, size } from "../facts/config-values.ts";
import type { SettingValues } from "./application-settings.ts";
import { type Tree, text } from "./yaml-tree.ts";

/** Programs that store, forward or observe data for applications. Variants such as `redis-stack` begin with the name. */
const infrastructure = [
  ..."nginx openresty haproxy envoy traefik caddy httpd varnish squid kong apisix tyk-gateway keepalived coredns".split(
    " ",
  ),
  ..."postgres postgresql timescaledb postgis pgbouncer pgpool pgadmin pgadmin4 patroni spilo citus cockroach".split(
    " ",
  ),
  ..."mysql mariadb percona proxysql mongo mongodb mongo-express cassandra scylla couchdb couchbase neo4j arangodb".split(
    " ",
  ),
  ..."influxdb questdb clickhouse duckdb oracle mssql mcr-mssql edgedb surrealdb dynamodb-local meilisearch typesense".split(
    " ",
  ),
  ..."redis redisinsight valkey keydb dragonfly memcached sentinel hazelcast rabbitmq activemq artemis kafka redpanda".split(
    " ",
  ),
  ..."zookeeper nats mosquitto emqx pulsar schema-registry cp-kafka cp-zookeeper cp-schema-registry akhq".split(" "),
  ..."elasticsearch opensearch kibana logstash filebeat metricbeat apm-server solr qdrant milvus weaviate chroma".split(
    " ",
  ),
  ..."fluentd fluent-bit vector prometheus alertmanager pushgateway grafana loki promtail tempo mimir thanos alloy".split(
    " ",
  ),
  ..."victoria-metrics vmagent jaeger zipkin otel opentelemetry-collector node-exporter cadvisor statsd telegraf".split(
    " ",
  ),
  ..."netdata uptime-kuma adminer phpmyadmin mailhog mailpit maildev minio vault consul etcd keycloak busybox".split(
    " ",
  ),
  ..."alpine debian ubuntu curl k6 locust certbot portainer watchtower autoheal localstack dnsmasq registry pause".split(
    " ",
  ),
  ..."kube-rbac-proxy prometheus-operator prometheus-config-reloader cloud-sql-proxy cloudsql-docker oauth2-proxy".split(
    " ",
  ),
  ..."nfs-server volume-nfs registrator mc snmp dex istio-proxy linkerd-proxy filebrowser".split(" "),
  ..."selenium chrome browserless sonarqube jenkins gitlab gitea docker wait-for-it dockerize kube-state-metrics".split(
    " ",
  ),
];
const infrastructureName = new RegExp(`^(?:${infrastructure.join("|")})(?:$|[-_.\\d])`);

/** Returns `name` of `registry/team/name:tag@digest`. */
export const imageName = (image: string): string =>
  (image.split("/").at(-1) ?? "").split("@")[0]?.replace(/:.*$/, "") ?? "";

const teamOf = (image: string): string => image.split("/").at(-2) ?? "";

/**
 * Returns whether the first part of the image's path names the program, as in `clickhouse/server` and
 * `jaegertracing/all-in-one`.
 */
const isNamedByTeam = (image: string): boolean =>
  /^(?:jaegertracing|openzipkin)$/.test(teamOf(image)) ||
  (infrastructureName.test(teamOf(image)) && /^(?:server|client|cluster|operator|community)/.test(imageName(image)));

/** Returns whether the image is a well-known proxy, database or tool. */
export const isInfrastructure = (image: string): boolean =>
  infrastructureName.test(imageName(image)) ||
  /(?:^|[-_])(?:exporter|operator|controller)$/.test(imageName(image)) ||
  isNamedByTeam(image) ||
  isProxyImage(image);
export const isProxyImage = (image: string): boolean =>
  /(?:^|-)(?:nginx|openresty|haproxy)(?:-unprivileged|-proxy|-lb)?$/.test(imageName(image));
export const isDatabaseImage = (image: string): boolean =>
  isPostgresImage(image) || /^(?:pgbouncer|redis|valkey|keydb|mysql|mariadb)(?:$|[-_.])/.test(imageName(image));
export const isPostgresImage = (image: string): boolean =>
  /^(?:postgres|postgresql|timescaledb|postgis)(?:$|[-_.](?!exporter))/.test(imageName(image));

/** Ports of databases, brokers and metrics exporters, on which HTTP applications do not listen. */
const infrastructurePorts = new Set([
  ...[1433, 1521, 2181, 2379, 3306, 5432, 5433, 6432, 6379, 7000, 7687, 9042, 11211, 26379, 26257, 27017, 28015],
  ...[111, 2049, 20048],
  ...[5672, 15672, 4222, 9092, 1883, 9200, 9300, 8123, 9100, 9121, 9187, 9104, 8086, 6333],
]);
/** Returns whether all of the ports belong to infrastructure. */
export const isInfrastructurePorts = (ports: readonly number[]): boolean =>
  ports.length > 0 && ports.every((port) => infrastructurePorts.has(port));

/** Returns a command in one line, whether it is written as a list or as a string. */
export const commandText = (tree: Tree | undefined): string =>
  tree?.kind === "list" ? tree.items.map((item) => text(item) ?? "").join(" ") : (text(tree) ?? "");

/** Returns the heap size in NODE_OPTIONS or on the command line. */
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
    diagnostics.addNote(
      at,
      `--max-old-space-size=${megabytes.slice(0, 30)}: the size is a variable, so the heap limit is unknown`,
    );
  }
  return undefined;
}

/** Returns the time limit of curl or wget in a command, in milliseconds. */
export function commandTimeLimit(command: string): number | undefined {
  const seconds =
    /\bcurl\b.*?\s(?:-m|--max-time)[\s=]*(\d+(?:\.\d+)?)\b/.exec(command)?.[1] ??
    /\bwget\b.*?\s(?:-T|--timeout)[\s=]*(\d+)\b/.exec(command)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

const secondsIn: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3600, d: 86_400 };

/** Returns the duration of the sleeps in a command, in milliseconds; undefined where it cannot be determined. */
export function sleepOf(command: string): number | undefined {
  const sleeps = [...command.matchAll(/\bsleep[\s,"']+([^\s,"';&|)]+)/g)].map(([, time = ""]) => {
    const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(time) ?? [];
    return amount === undefined ? Number.NaN : Number(amount) * (secondsIn[unit] ?? Number.NaN) * 1000;
  });
  const sum = sleeps.reduce((total, durationMs) => total + durationMs, 0);
  return sleeps.length === 0 || Number.isNaN(sum) ? undefined : sum;
}

export const configText = (name: string, text: string, at: Place): ConfigText => ({ name, text, at });
