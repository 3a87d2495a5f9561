// npm run stores-page: runs the tests of docs/stores.md with real stores, and lets them write the page.

process.env["WRITE_STORES_PAGE"] = "1";
process.argv.splice(2, process.argv.length, "test/docs/stores.test.ts");
await import("../../run.ts");
