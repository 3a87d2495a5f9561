import underPressure from "@fastify/under-pressure";
import fastify from "fastify";

const { PORT, BODY } = process.env;
const answer = JSON.parse(BODY);

const app = fastify();
await app.register(underPressure, { maxEventLoopDelay: 1000 });
app.get("/alive", async () => answer);
app.get("/ready", async () => answer);
await app.listen({ port: PORT, host: "127.0.0.1" });
