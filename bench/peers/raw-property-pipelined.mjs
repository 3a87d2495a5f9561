// The hand-written read with the two mechanisms that Haven uses: statements share two pipelined connections, and sessions are
// remembered until Redis reports a change. It shows that the same mechanisms make hand-written code faster, too.
import { createSecretKey } from "node:crypto";
import { createServer } from "node:http";
import jwt from "jsonwebtoken";
import pg from "pg";
import { createClient } from "redis";

const { PORT, DATABASE_URL, REDIS_URL, JWT_SECRET } = process.env;
const key = createSecretKey(Buffer.from(JWT_SECRET));
const connections = [1, 2].map(() => new pg.Client({ connectionString: DATABASE_URL, pipeline: true }));
await Promise.all(connections.map((connection) => connection.connect()));
const clientSideCache = { ttl: 0, maxEntries: 10_000, evictPolicy: "LRU" };
const redis = createClient({ url: REDIS_URL, RESP: 3, clientSideCache });
redis.on("error", () => undefined);
await redis.connect();
const text = `SELECT id, name, kind, address, created_at AS "createdAt", updated_at AS "updatedAt"
              FROM properties WHERE owner_id = $1 AND id = $2`;

let turn = 0;
async function answer(request, response) {
  const { sub, sid } = jwt.verify(request.headers.authorization.slice(7), key, { algorithms: ["HS256"] });
  if ((await redis.get(`bench:session:${sid}`)) !== sub) return response.writeHead(401).end();
  const id = request.url.slice(request.url.lastIndexOf("/") + 1);
  turn = 1 - turn;
  const { rows } = await connections[turn].query({ name: "property", text, values: [sub, id] });
  if (rows.length === 0) return response.writeHead(404).end();
  const body = JSON.stringify(rows[0]);
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

createServer((request, response) => {
  answer(request, response).catch(() => response.writeHead(500).end());
}).listen(PORT, "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
