// Only the steps that an authenticated POST with an Idempotency-Key needs, written by hand: verify the token, look up the
// session, and write the row and the answer in one transaction, so that a retry gets the same answer from any instance.
import { createHash, createSecretKey, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import Redis from "ioredis";
import jwt from "jsonwebtoken";
import pg from "pg";

const { PORT, DATABASE_URL, REDIS_URL, JWT_SECRET } = process.env;
const secret = createSecretKey(Buffer.from(JWT_SECRET));
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 });
const redis = new Redis(REDIS_URL);

const lock = { name: "lock", text: "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS mine" };
const find = {
  name: "find",
  text: `SELECT fingerprint, status, body FROM idempotency_keys
         WHERE user_id = $1 AND key = $2 AND created_at > now() - interval '1 day'`,
};
const insert = {
  name: "insert",
  text: `INSERT INTO properties (id, owner_id, name, kind, address) VALUES ($1, $2, $3, $4, $5)
         RETURNING id, name, kind, address, created_at AS "createdAt", updated_at AS "updatedAt"`,
};
const keep = {
  name: "keep",
  text: `INSERT INTO idempotency_keys (user_id, key, fingerprint, status, headers, body) VALUES ($1, $2, $3, $4, '{}', $5)
         ON CONFLICT (user_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, status = excluded.status,
           body = excluded.body, created_at = now()`,
};

async function create(client, owner, key, text) {
  const fingerprint = createHash("sha256").update(text).digest("base64url");
  const run = async (statement, values) => (await client.query({ ...statement, values })).rows[0];
  if (!(await run(lock, [`${owner} ${key}`])).mine) return { status: 409, body: "" };
  const kept = await run(find, [owner, key]);
  if (kept !== undefined) return kept.fingerprint === fingerprint ? kept : { status: 422, body: "" };
  const { name, kind, address } = JSON.parse(text);
  const body = JSON.stringify(await run(insert, [randomUUID(), owner, name, kind, address]));
  await run(keep, [owner, key, fingerprint, 201, body]);
  return { status: 201, body };
}

async function answer(request, response) {
  const { sub, sid } = jwt.verify(request.headers.authorization.slice(7), secret, { algorithms: ["HS256"] });
  if ((await redis.get(`bench:session:${sid}`)) !== sub) return response.writeHead(401).end();
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const key = request.headers["idempotency-key"];
    const { status, body } = await create(client, sub, key, Buffer.concat(chunks).toString());
    await client.query("COMMIT");
    client.release();
    response.writeHead(status, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
    response.end(body);
  } catch (error) {
    client.release(error);
    throw error;
  }
}

createServer((request, response) => {
  answer(request, response).catch(() => response.writeHead(500).end());
}).listen(PORT, "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
