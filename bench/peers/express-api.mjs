// Express and nothing else: what it costs to be an Express app at all.
import express from "express";

const { PORT, BODY } = process.env;
const answer = JSON.parse(BODY);

express()
  .get("/api", (_request, response) => response.json(answer))
  .listen(PORT, "127.0.0.1");
