// node healthcheck.js [PATH] requests a probe, and exits with 0 if the answer is 200. HEALTHCHECK uses this script, because
// the image has no curl.
import { get } from "node:http";

const [path = "/alive"] = process.argv.slice(2);
// Shorter than the timeout of HEALTHCHECK, so that this script can print the cause.
const request = get(
  { host: "127.0.0.1", port: process.env.PORT || 4000, path, agent: false, timeout: 4000 },
  printResult,
);
request.on("timeout", () => request.destroy(new Error("no answer within 4 s")));
request.on("error", (error) => end(1, `${path}: ${error.message}`));

async function printResult(response) {
  let body = "";
  for await (const chunk of response.setEncoding("utf8")) body += chunk;
  const { instance = "?", status = "?" } = parse(body);
  end(response.statusCode === 200 ? 0 : 1, `${instance} ${path} ${response.statusCode} ${status}`);
}

function parse(body) {
  try {
    return JSON.parse(body);
  } catch {
    return {};
  }
}

function end(code, message) {
  process.stdout.write(`${message}\n`);
  process.exitCode = code;
}
