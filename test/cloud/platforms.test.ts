import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import { z } from "zod";
import { fitsInto, memoryBudget } from "../../src/config/memory-budget.ts";
import { configWith, givenByPlatform } from "../support/cloud.ts";
import { probeKindOf } from "../support/probe-kinds.ts";

// Render and Railway do not publish their schemas on npm. The schemas in this file follow the reference pages, and allow no
// other fields. Railway rejects numbers that are written as strings.

const read = (name: string) => readFileSync(new URL(`../../cloud/${name}`, import.meta.url), "utf8");

const region = z.enum(["oregon", "ohio", "virginia", "frankfurt", "singapore"]);

const renderVariable = z.union([
  z.strictObject({ key: z.string(), value: z.string() }),
  z.strictObject({ key: z.string(), generateValue: z.literal(true) }),
  z.strictObject({
    key: z.string(),
    fromDatabase: z.strictObject({ name: z.string(), property: z.enum(["connectionString", "host", "port"]) }),
  }),
  z.strictObject({
    key: z.string(),
    fromService: z.strictObject({
      type: z.enum(["keyvalue", "web", "pserv"]),
      name: z.string(),
      property: z.enum(["connectionString", "host", "port", "hostport"]),
    }),
  }),
]);

const blueprint = z.strictObject({
  services: z.tuple([
    z.strictObject({
      type: z.literal("web"),
      name: z.string(),
      runtime: z.literal("docker"),
      dockerfilePath: z.string(),
      dockerContext: z.string(),
      region,
      plan: z.enum(["starter", "standard", "pro", "pro plus", "pro max", "pro ultra"]),
      numInstances: z.int().min(1).max(100),
      autoDeployTrigger: z.enum(["commit", "checksPass", "off"]),
      preDeployCommand: z.string(),
      healthCheckPath: z.string().startsWith("/"),
      maxShutdownDelaySeconds: z.int().min(1).max(300),
      envVars: z.array(renderVariable),
    }),
    z.strictObject({
      type: z.literal("keyvalue"),
      name: z.string(),
      region,
      plan: z.enum(["free", "starter", "standard", "pro"]),
      maxmemoryPolicy: z.enum(["noeviction", "allkeys-lru", "volatile-lru", "volatile-ttl"]),
      ipAllowList: z.array(z.strictObject({ source: z.string(), description: z.string() })),
    }),
  ]),
  databases: z.tuple([
    z.strictObject({
      name: z.string(),
      databaseName: z.string(),
      user: z.string(),
      region,
      plan: z.string().regex(/^(free|(basic|pro|accelerated)-\d+(mb|gb))$/),
      postgresMajorVersion: z.string().regex(/^1[5-8]$/),
      ipAllowList: z.array(z.strictObject({ source: z.string(), description: z.string() })),
    }),
  ]),
});

const railwayFile = z.strictObject({
  $schema: z.literal("https://railway.com/railway.schema.json"),
  build: z.strictObject({ builder: z.enum(["RAILPACK", "DOCKERFILE"]), dockerfilePath: z.string() }),
  deploy: z.strictObject({
    preDeployCommand: z.array(z.string()).max(1),
    healthcheckPath: z.string().startsWith("/"),
    healthcheckTimeout: z.int().positive(),
    numReplicas: z.int().min(1).max(50),
    overlapSeconds: z.int().min(0),
    drainingSeconds: z.int().min(0),
    restartPolicyType: z.enum(["ON_FAILURE", "ALWAYS", "NEVER"]),
  }),
});

type Platform = {
  environment: Readonly<Record<string, string>>;
  healthPath: string;
  graceSeconds: number;
  instances: number;
  migration: string | undefined;
  dockerfile: string;
};

function readRender(text: string): Platform {
  const { services, databases } = blueprint.parse(parse(text));
  const [web, redis] = services;
  const [postgres] = databases;
  assert.deepEqual([redis.region, postgres.region], [web.region, web.region]);
  const environment: Record<string, string> = {};
  for (const variable of web.envVars) {
    if ("value" in variable) environment[variable.key] = variable.value;
    else if ("fromDatabase" in variable) assert.equal(variable.fromDatabase.name, postgres.name);
    else if ("fromService" in variable) assert.deepEqual(variable.fromService.name, redis.name);
    environment[variable.key] ??= givenByPlatform(variable.key);
  }
  return {
    environment,
    healthPath: web.healthCheckPath,
    graceSeconds: web.maxShutdownDelaySeconds,
    instances: web.numInstances,
    migration: web.preDeployCommand,
    dockerfile: web.dockerfilePath.replace("./", ""),
  };
}

function readRailway(text: string): Platform {
  const { build, deploy } = railwayFile.parse(JSON.parse(text));
  const settings = /```env\n([\s\S]*?)```/.exec(read("railway/README.md"))?.[1]?.trim().split("\n") ?? [];
  const environment = Object.fromEntries(
    settings.map((setting) => {
      const [name = "", value = ""] = setting.split("=", 2);
      return [name, value.startsWith("${{") ? givenByPlatform(name) : value];
    }),
  );
  return {
    environment,
    healthPath: deploy.healthcheckPath,
    graceSeconds: deploy.drainingSeconds,
    instances: deploy.numReplicas,
    migration: deploy.preDeployCommand[0],
    dockerfile: build.dockerfilePath,
  };
}

for (const [name, file, platform] of [
  ["Render", "render/render.yaml", readRender],
  ["Railway", "railway/railway.json", readRailway],
] as const) {
  const text = read(file);

  test(`${name}: the file matches the platform's reference and the application`, () => {
    const { environment, healthPath, graceSeconds, instances, migration, dockerfile } = platform(text);
    const { NODE_OPTIONS: _, ...settings } = environment;
    const config = configWith(settings);
    assert.ok(config.production && config.http.managementPort !== undefined);
    assert.equal(String(config.http.port), environment["PORT"]);
    assert.equal(probeKindOf(healthPath, config.health.paths), "ready");
    const { delayMs, lingerMs, timeoutMs } = config.drain;
    assert.ok(graceSeconds * 1000 >= delayMs + config.http.requestTimeoutMs + lingerMs + 5000);
    assert.ok(graceSeconds * 1000 >= delayMs + timeoutMs + 5000);
    // The old and the new version run at the same time during a deployment.
    const [healthCheck, migrating, people, reserved, allowed] = [1, 1, 5, 3, 100];
    assert.ok((config.postgres.poolMax + healthCheck) * 2 * instances + migrating + people <= allowed - reserved);
    assert.equal(migration, "node dist/main.js migrate");
    assert.equal(dockerfile, "docker/Dockerfile");
  });

  test(`${name}: an unknown field and a missing field are reported`, () => {
    const [healthPath, migration] =
      name === "Render" ? ["healthCheckPath", "preDeployCommand"] : ["healthcheckPath", "preDeployCommand"];
    for (const field of [healthPath, migration]) {
      assert.throws(() => platform(text.replace(field, `${field}x`)), z.ZodError);
      assert.throws(() => platform(text.replace(new RegExp(`^.*${field}.*\n`, "m"), "")), z.ZodError);
    }
  });
}

test("Render: the memory of the plan is enough for the worst case", () => {
  const text = read("render/render.yaml");
  assert.match(text, /^ {4}plan: standard$/m);
  const planMiB = 2048;
  const { NODE_OPTIONS, ...settings } = readRender(text).environment;
  const { photos } = configWith(settings);
  const worstCase = {
    heapMiB: Number(/^--max-old-space-size=(\d+)$/.exec(NODE_OPTIONS ?? "")?.[1]),
    maxBytesHeldByUploads: photos.maxBufferedBytes,
    imagesAtOnce: photos.images.maxConcurrent,
  };
  assert.ok(fitsInto(planMiB, worstCase), JSON.stringify(memoryBudget(worstCase)));
});

test("Railway: a number that is written as a string is rejected", () => {
  const text = read("railway/railway.json");
  assert.throws(() => readRailway(text.replace(/"drainingSeconds": (\d+)/, '"drainingSeconds": "$1"')), z.ZodError);
});
