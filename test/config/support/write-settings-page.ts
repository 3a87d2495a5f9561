import { writeFileSync } from "node:fs";
import { envExample, settingsPage } from "../../../src/config/settings-page.ts";

// npm run settings-page

const root = new URL("../../../", import.meta.url);
writeFileSync(new URL("docs/settings.md", root), settingsPage());
writeFileSync(new URL(".env.example", root), envExample());
