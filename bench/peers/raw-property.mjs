// A server with only the steps that an authenticated GET of one row needs, written by hand: verify the token, look up the session,
// read the row. Optimized: the key and the statement are prepared, and the header is written once.
import { createSecretKey } from "node:crypto";
import { createServer } from "node:http";
import Redis from "ioredis";
import jwt from "jsonwebtoken";
import pg from "pg";

const { PORT, DATABASE_URL, REDIS_URL, JWT_SECRET } = process.env;
const key = createSecretKey(Buffer.from(JWT_SECRET));
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 });
const redis = new Redis(REDIS_URL);
const text = `SELECT id, name, kind, address, created_at AS "createdAt", updated_at AS "updatedAt"
              FROM properties WHERE owner_id = $1 AND id = $2`;

async function answer(request, response) {
  const { sub, sid } = jwt.verify(request.headers.authorization.slice(7), key, { algorithms: ["HS256"] });
  if ((await redis.get(`bench:session:${sid}`)) !== sub) return response.writeHead(401).end();
  const id = request.url.slice(request.url.lastIndexOf("/") + 1);
  const { rows } = await pool.query({ name: "property", text, values: [sub, id] });
  if (rows.length === 0) return response.writeHead(404).end();
  const body = JSON.stringify(rows[0]);
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

createServer((request, response) => {
  answer(request, response).catch(() => response.writeHead(500).end());
}).listen(PORT, "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
