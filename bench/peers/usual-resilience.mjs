// The usual packages against failing stores: terminus for the probes, opossum around the calls, pg and ioredis
// underneath, each as its README shows it.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createTerminus } from "@godaddy/terminus";
import express from "express";
import Redis from "ioredis";
import jwt from "jsonwebtoken";
import CircuitBreaker from "opossum";
import pg from "pg";

const { HOST, PORT, DATABASE_URL, DATABASE_CA_FILE, JWT_SECRET } = process.env;
const ssl = DATABASE_CA_FILE ? { ca: readFileSync(DATABASE_CA_FILE) } : false;
const pool = new pg.Pool({ connectionString: withOneHost(DATABASE_URL), ssl });
pool.on("error", () => undefined);
const redis = connectRedis(process.env);
redis.on("error", () => undefined);

const options = { timeout: 3000, errorThresholdPercentage: 50, resetTimeout: 30000 };
const query = new CircuitBreaker((text, values) => pool.query(text, values), options);
const setSession = new CircuitBreaker((key, user) => redis.set(key, user, "EX", 86400), options);
const getSession = new CircuitBreaker((key) => redis.get(key), options);

const app = express();
app.use(express.json());

app.get("/api", (_request, response) => response.json({ name: "api" }));

app.post("/api/v1/auth/register", async (request, response) => {
  const { email, name } = request.body;
  const user = randomUUID();
  await query.fire("INSERT INTO users (id, email, name, password_hash) VALUES ($1, $2, $3, '-')", [user, email, name]);
  response.status(201).json({ accessToken: await signIn(user) });
});

app.post("/api/v1/auth/login", async (request, response) => {
  const { rows } = await query.fire("SELECT id FROM users WHERE email = $1", [request.body.email]);
  if (rows.length === 0) return response.sendStatus(401);
  response.json({ accessToken: await signIn(rows[0].id) });
});

app.get("/api/v1/properties/:id", async (request, response) => {
  const user = await userOf(request);
  if (user === undefined) return response.sendStatus(401);
  const { rows } = await query.fire("SELECT * FROM properties WHERE owner_id = $1 AND id = $2", [
    user,
    request.params.id,
  ]);
  if (rows.length === 0) return response.sendStatus(404);
  response.json(rows[0]);
});

app.post("/api/v1/properties", async (request, response) => {
  const user = await userOf(request);
  if (user === undefined) return response.sendStatus(401);
  const { name, kind, address } = request.body;
  const { rows } = await query.fire(
    "INSERT INTO properties (id, owner_id, name, kind, address) VALUES ($1, $2, $3, $4, $5) RETURNING *",
    [randomUUID(), user, name, kind, address],
  );
  response.status(201).location(`/api/v1/properties/${rows[0].id}`).json(rows[0]);
});

app.use((_error, _request, response, _next) => response.sendStatus(503));

async function signIn(user) {
  const session = randomUUID();
  await setSession.fire(`peer:session:${session}`, user);
  return jwt.sign({ sub: user, sid: session }, JWT_SECRET);
}

async function userOf(request) {
  const { sub, sid } = jwt.verify(request.headers.authorization.slice(7), JWT_SECRET);
  return (await getSession.fire(`peer:session:${sid}`)) === sub ? sub : undefined;
}

const server = createServer(app);
createTerminus(server, {
  signals: ["SIGTERM"],
  healthChecks: {
    "/alive": async () => undefined,
    "/ready": async () => {
      await Promise.all([pool.query("SELECT 1"), redis.ping()]);
    },
  },
  onSignal: () => Promise.all([pool.end(), redis.quit()]),
});
server.listen(PORT, HOST);

function connectRedis({ REDIS_URL, REDIS_SENTINELS, REDIS_SENTINEL_NAME, REDIS_CLUSTER_NODES }) {
  const nodesIn = (list) =>
    list.split(",").map((node) => ({ host: node.split(":")[0], port: Number(node.split(":")[1]) }));
  if (REDIS_SENTINELS) return new Redis({ sentinels: nodesIn(REDIS_SENTINELS), name: REDIS_SENTINEL_NAME });
  return REDIS_CLUSTER_NODES ? new Redis.Cluster(nodesIn(REDIS_CLUSTER_NODES)) : new Redis(REDIS_URL);
}

/** Keeps the first host only, because pg connects to one host. The certificate authority is an option of the pool. */
function withOneHost(url) {
  return url.replace(/(@[^,/]+),[^/]+/, "$1").replace(/\?.*$/, "");
}
