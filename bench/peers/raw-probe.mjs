// The fastest possible probe with the same bytes and headers as Haven's.
import { createServer } from "node:http";

const { PORT, BODY } = process.env;
const headers = {
  "Content-Type": "application/json; charset=utf-8",
  "Content-Length": Buffer.byteLength(BODY),
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
};

createServer((_request, response) => {
  response.writeHead(200, headers);
  response.end(BODY);
}).listen(PORT, "127.0.0.1");
