module.exports = {
  api: { input: "./openapi.json", output: { mode: "single", target: "./orval/api.ts", client: "fetch" } },
};
