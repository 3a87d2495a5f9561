import { readFileSync, writeFileSync } from "node:fs";
import { rulesPage } from "../../../src/doctor/report/rules-page.ts";
import { accuracyPage } from "../corpus/accuracy-page.ts";

// npm run doctor-page: writes the rules into docs/doctor.md, and docs/doctor-accuracy.md.

const file = new URL("../../../docs/doctor.md", import.meta.url);
const page = readFileSync(file, "utf8");
const [before = ""] = page.split("<!-- rules -->");
const [, after = ""] = page.split("<!-- /rules -->");
writeFileSync(file, `${before}<!-- rules -->\n\n${rulesPage()}\n\n<!-- /rules -->${after}`);
writeFileSync(new URL("../../../docs/doctor-accuracy.md", import.meta.url), accuracyPage());
