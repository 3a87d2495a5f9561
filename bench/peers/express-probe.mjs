import express from "express";

const { PORT, BODY } = process.env;
const answer = JSON.parse(BODY);

express()
  .get(["/alive", "/ready"], (_request, response) => response.json(answer))
  .listen(PORT, "127.0.0.1");
