// The three steps of the hand-written server as an Express handler, to measure the cost of Express.
import { createSecretKey } from "node:crypto";
import express from "express";
import Redis from "ioredis";
import jwt from "jsonwebtoken";
import pg from "pg";

const { PORT, DATABASE_URL, REDIS_URL, JWT_SECRET } = process.env;
const key = createSecretKey(Buffer.from(JWT_SECRET));
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 });
const redis = new Redis(REDIS_URL);
const text = `SELECT id, name, kind, address, created_at AS "createdAt", updated_at AS "updatedAt"
              FROM properties WHERE owner_id = $1 AND id = $2`;

express()
  .get("/api/v1/properties/:id", async (request, response) => {
    const { sub, sid } = jwt.verify(request.headers.authorization.slice(7), key, { algorithms: ["HS256"] });
    if ((await redis.get(`bench:session:${sid}`)) !== sub) return response.sendStatus(401);
    const { rows } = await pool.query({ name: "property", text, values: [sub, request.params.id] });
    if (rows.length === 0) return response.sendStatus(404);
    response.json(rows[0]);
  })
  .listen(PORT, "127.0.0.1");
