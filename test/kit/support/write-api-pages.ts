import { rmSync } from "node:fs";
import { pagesFolder, typedoc, writeApiPages } from "./api-pages.ts";

// npm run kit-pages: writes docs/kit from the doc comments of the kit.

typedoc.provide();
rmSync(pagesFolder, { recursive: true, force: true });
await writeApiPages(pagesFolder);
