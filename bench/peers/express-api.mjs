// Express without anything else, to measure the cost of Express itself.
import express from "express";

const { PORT, BODY } = process.env;
const answer = JSON.parse(BODY);

express()
  .get("/api", (_request, response) => response.json(answer))
  .listen(PORT, "127.0.0.1");
