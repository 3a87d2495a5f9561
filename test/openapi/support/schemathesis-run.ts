import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProgram } from "../../shared/run-program.ts";
import { startHavenProcess } from "../../shared/servers/haven-process.ts";
import { startMailServer } from "../../shared/servers/mail-server.ts";
import { python, settingsFolder } from "./schemathesis.ts";

export const operatorToken = "an-operators-token-of-the-tests";

export async function startForSchemathesis() {
  const mail = await startMailServer();
  return startHavenProcess({
    entry: "main",
    env: {
      MAIL_URL: mail.url,
      MAIL_FROM: "no-reply@example.com",
      PUBLIC_URL: "https://app.example.com",
      NODE_ENV: "production",
      JWT_SECRET: "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c",
      OPS_TOKEN: operatorToken,
      LOG_LEVEL: "warn",
      // The run sends thousands of requests from one address, so the limits are off. Other tests cover them.
      AUTH_RATE_LIMIT: "0",
      OVERLOAD_DELAY_MS: "0",
      REQUEST_TIMEOUT_MS: "60000",
    },
  });
}

export type Credentials = { email: string; password: string; operatorToken: string };

/**
 * Runs all checks in all phases. SCHEMATHESIS_SEED=2 changes the generated requests, and
 * SCHEMATHESIS_EXAMPLES=20 raises their number.
 */
export async function runSchemathesis({ url, credentials }: { url: string; credentials?: Credentials }) {
  const { SCHEMATHESIS_SEED: seed = "1", SCHEMATHESIS_EXAMPLES: examples = "3" } = process.env;
  const folder = mkdtempSync(join(tmpdir(), "haven-schemathesis-"));
  const report = join(folder, "report.json");
  try {
    const settings = readFileSync(join(settingsFolder, "schemathesis.toml"), "utf8");
    writeFileSync(join(folder, "schemathesis.toml"), `${settings}\n${credentials ? signIn(credentials) : anonymous}`);
    const { code, output } = await runProgram(
      python,
      [
        ...["-m", "schemathesis.cli", "run", `${url}/api/openapi.json`, "--no-color"],
        ...["--phases", "examples,coverage,fuzzing,stateful", "--max-examples", examples, "--no-shrink"],
        // With one worker the order of the requests depends on the seed alone, so that a run can be repeated.
        ...["--workers", "1", "--seed", seed, "--report-json-path", report],
      ],
      {
        cwd: folder,
        env: { ...process.env, PYTHONPATH: settingsFolder, PYTHONDONTWRITEBYTECODE: "1" },
        timeoutMs: 600_000,
      },
    );
    return { code, output, requests: existsSync(report) ? requestsIn(report) : 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function requestsIn(report: string): number {
  const { test_cases: cases }: { test_cases: { generated: number } } = JSON.parse(readFileSync(report, "utf8"));
  return cases.generated;
}

const anonymous = "[auth]\nauto-signup = false\n";

/** Makes schemathesis sign in again after a 401, because requests such as a logout end its session. */
const signIn = (credentials: Credentials): string => `
[auth.dynamic.openapi.accessToken]
path = "/api/v1/auth/login"
payload = { email = "${credentials.email}", password = "${credentials.password}" }
extract_selector = "/accessToken"

[auth.openapi.operatorToken]
bearer = "${credentials.operatorToken}"
`;
