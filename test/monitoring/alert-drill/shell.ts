export const opsToken = "an-operators-token-of-this-run";

/** The host name in the certificate that the tests create. */
export const edgeHost = "api.haven.com";

/** Where the commands of the runbook run. */
export type Shell = { definitions: string; cwd: string; env: NodeJS.ProcessEnv };

/** Replaces the definitions of the runbook for Compose and Kubernetes. */
export const definitionsForProcesses = `
OPS_TOKEN=${opsToken}
E=${edgeHost}
get() { curl -sS -m 5 -H "Authorization: Bearer $OPS_TOKEN" "http://$I:4000$1" "\${@:2}"; }
logs() { tail -n 5000 "\${1:-$I}.log"; }
state() { cat "\${1:-$I}.state"; }
on() { local name=TMPDIR_OF_\${1//-/_}; shift; TMPDIR="\${!name:-}" "$@"; }
haven() { "${process.execPath}" src/main.ts "$@"; }
kubectl() { :; }
docker() { :; }
`;
