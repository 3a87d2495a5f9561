import express from "express4";
import { host, port, serveWith, slowly, streamEvents } from "./shared.mjs";

const app = express();
app.use(express.json());
app.get("/hello", (_request, response) => response.send("hello"));
app.get("/slow", async (request, response) => response.send(await slowly(request.query.ms)));
app.get("/items/:id", (request, response) => response.json({ id: request.params.id }));
app.post("/items", (request, response) => response.status(201).json(request.body));
app.get("/stream", (_request, response) => {
  response.type("text/event-stream");
  response.on(
    "close",
    streamEvents(
      (text) => response.write(text),
      () => response.end(),
    ),
  );
});
serveWith(app.listen(port, host));
