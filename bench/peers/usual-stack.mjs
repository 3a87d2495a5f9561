// The usual packages, each as its README shows it.
import { randomUUID } from "node:crypto";
import { RedisStore } from "connect-redis";
import express from "express";
import promBundle from "express-prom-bundle";
import session from "express-session";
import helmet from "helmet";
import jwt from "jsonwebtoken";
import pg from "pg";
import pinoHttp from "pino-http";
import { createClient } from "redis";

const { PORT, BODY, DATABASE_URL, REDIS_URL, JWT_SECRET } = process.env;
const answer = JSON.parse(BODY);
const pool = new pg.Pool({ connectionString: DATABASE_URL });
const redis = createClient({ url: REDIS_URL });
redis.on("error", () => undefined);
await redis.connect();

const app = express();
app.use(helmet());
app.use(pinoHttp());
app.use(promBundle({ includeMethod: true, includePath: true }));
app.use(
  session({ store: new RedisStore({ client: redis }), secret: JWT_SECRET, resave: false, saveUninitialized: false }),
);
app.use(express.json());

app.get("/alive", (_request, response) => response.json({ status: "ok" }));
app.get("/ready", async (_request, response) => {
  await Promise.all([pool.query("SELECT 1"), redis.ping()]);
  response.json({ status: "ok" });
});
app.get("/api", (_request, response) => response.json(answer));

app.get("/sign-in", (request, response) => {
  request.session.userId = request.query.user;
  response.json({});
});

app.get("/api/v1/properties/:id", async (request, response) => {
  const { sub } = jwt.verify(request.headers.authorization.slice(7), JWT_SECRET);
  if (request.session.userId !== sub) return response.sendStatus(401);
  const { rows } = await pool.query("SELECT * FROM properties WHERE owner_id = $1 AND id = $2", [
    sub,
    request.params.id,
  ]);
  if (rows.length === 0) return response.sendStatus(404);
  response.json(rows[0]);
});

// Without Idempotency-Key, because none of these packages supports it.
app.post("/api/v1/properties", async (request, response) => {
  const { sub } = jwt.verify(request.headers.authorization.slice(7), JWT_SECRET);
  if (request.session.userId !== sub) return response.sendStatus(401);
  const { name, kind, address } = request.body;
  const { rows } = await pool.query(
    "INSERT INTO properties (id, owner_id, name, kind, address) VALUES ($1, $2, $3, $4, $5) RETURNING *",
    [randomUUID(), sub, name, kind, address],
  );
  response.status(201).json(rows[0]);
});

app.listen(PORT, "127.0.0.1");
