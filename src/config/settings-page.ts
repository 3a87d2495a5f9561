import { variables } from "./variables.ts";

/** The settings as people read them: `.env.example` and the README's table come from here, and a test holds them to it. */
export function envExample(): string {
  const head =
    "# Every setting of Haven with its default. Copy what you change into .env or your platform's settings.\n";
  const lines = rows().map(
    ({ name, initial, description }) => `# ${description.replaceAll("`", "")}\n#${name}=${initial}\n`,
  );
  return [head, ...lines].join("\n");
}

export function settingsTable(): string {
  const lines = rows().map(
    ({ name, initial, description }) => `| \`${name}\` | ${initial === "" ? "" : `\`${initial}\``} | ${description} |`,
  );
  return ["| variable | default | meaning |", "| --- | --- | --- |", ...lines].join("\n");
}

function rows() {
  return Object.entries(variables.shape).map(([name, schema]) => ({
    name,
    initial: name === "INSTANCE_ID" ? "" : initialText(schema.def),
    description: schema.description ?? "",
  }));
}

function initialText(def: { type: string; defaultValue?: unknown }): string {
  return def.type === "default" || def.type === "prefault" ? String(def.defaultValue ?? "") : "";
}
