import { readFileSync, writeFileSync } from "node:fs";
import { rulesPage } from "../../../src/doctor/report/rules-page.ts";

// npm run doctor-page: writes the rules into docs/doctor.md.

const file = new URL("../../../docs/doctor.md", import.meta.url);
const page = readFileSync(file, "utf8");
const [before = ""] = page.split("<!-- rules -->");
const [, after = ""] = page.split("<!-- /rules -->");
writeFileSync(file, `${before}<!-- rules -->\n\n${rulesPage()}\n\n<!-- /rules -->${after}`);
