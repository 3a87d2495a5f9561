import { type Framework, startApp } from "./framework-app.ts";

// Starts the app of a framework from a folder, and reports its URL. It never stops the app.

const [framework, folder = "", shopUrl = ""] = process.argv.slice(2);
const { url } = await startApp(framework as Framework, { folder, shopUrl });
process.stdout.write(`${url}\n`);
