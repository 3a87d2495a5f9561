module.exports = {
  haven: { input: "./openapi.json", output: { mode: "single", target: "./orval/haven.ts", client: "fetch" } },
};
