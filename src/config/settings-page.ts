import type { z } from "zod";
import { fileVariable, isSecret } from "./files/secret-files.ts";
import { sections } from "./variables.ts";

// Generates `.env.example` and docs/settings.md: `npm run settings-page` writes both.

export function envExample(): string {
  const head =
    "# All settings with their defaults. Copy the ones you change into .env or into your platform's settings.\n";
  const settings = sections.flatMap(({ variables }) => settingsOf(variables));
  const lines = settings.map(
    ({ name, initial, description }) =>
      `# ${description.replaceAll("`", "")}\n#${name}=${initial}\n${isSecret(name) ? `#${fileVariable(name)}=\n` : ""}`,
  );
  return [head, ...lines].join("\n");
}

export function settingsPage(): string {
  const head = `# Settings

Settings are environment variables; outside production also lines of an \`.env\` file (example: [\`.env.example\`](../.env.example)).
All of them are checked before the server starts, and one message lists everything that is wrong. An empty variable
counts as unset. A variable that looks like a misspelt setting is ignored, and logged as a warning. Times are in
milliseconds unless the description says otherwise.

A secret may come from a file instead. Append \`_FILE\` to the variable to name the file: \`JWT_SECRET_FILE=/run/secrets/jwt\`
instead of \`JWT_SECRET\`. These variables are marked with **file**. A line break at the end of the file is ignored. If both
are set, or if the file cannot be read or is a pipe or a device, the server does not start.

The files of the secrets of Postgres and Redis, and all files with certificates, are read again for each new connection, so
that a rotation needs no restart. With Postgres, first replace the file, then change the password in Postgres; in between,
the previous password is used. With Redis, add the new password to the user, replace the file, then remove the old one.
The other secrets are read once, at the start. A rotation of \`JWT_SECRET\` needs restarts anyway, because all instances
have to accept the new secret before the first instance signs with it.

This page is generated from \`src/config/variables/\` by \`npm run settings-page\`.
`;
  const tables = sections.map(({ title, variables }) => {
    const rows = settingsOf(variables).map(
      ({ name, initial, description }) =>
        `| \`${name}\` | ${initial === "" ? "" : `\`${initial}\``} | ${description}${isSecret(name) ? " (**file**)" : ""} |`,
    );
    return [`## ${title}\n`, "| variable | default | meaning |", "| --- | --- | --- |", ...rows, ""].join("\n");
  });
  return [head, ...tables].join("\n");
}

function settingsOf(section: Readonly<Record<string, z.ZodType>>) {
  return Object.entries(section).map(([name, schema]) => ({
    name,
    // The default is the host name of the machine.
    initial: name === "INSTANCE_ID" ? "" : initialText(schema.def),
    description: schema.description ?? "",
  }));
}

function initialText(def: { type: string; defaultValue?: unknown }): string {
  return def.type === "default" || def.type === "prefault" ? String(def.defaultValue ?? "") : "";
}
