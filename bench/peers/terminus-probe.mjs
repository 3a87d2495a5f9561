// Terminus as its README shows it: each probe runs every check.
import { createServer } from "node:http";
import { createTerminus } from "@godaddy/terminus";
import express from "express";
import Redis from "ioredis";
import pg from "pg";

const { PORT, DATABASE_URL, REDIS_URL } = process.env;
const pool = new pg.Pool({ connectionString: DATABASE_URL });
const redis = new Redis(REDIS_URL);
const ready = () => Promise.all([pool.query("SELECT 1"), redis.ping()]).then(() => undefined);

const server = createServer(express());
createTerminus(server, { healthChecks: { "/alive": async () => undefined, "/ready": ready } });
server.listen(PORT, "127.0.0.1");
