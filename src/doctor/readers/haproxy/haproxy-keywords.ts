import { closestWord } from "../../../core/spelling.ts";
import type { Diagnostics } from "../../diagnostics.ts";
import type { Line, Section } from "./haproxy-syntax.ts";

/** The keywords of HAProxy 2.6 to 3.2 in defaults, frontend, backend and listen. */
const keywords = new Set(
  `acl backlog balance bind bind-process block capture clitcpka-cnt clitcpka-idle clitcpka-intvl clitimeout compression
  contimeout cookie declare default-server default_backend description disabled dispatch dynamic-cookie-key email-alert enabled
  error-log-format errorfile errorfiles errorloc errorloc302 errorloc303 external-check filter force-be-switch
  force-persist fullconn grace guid hash-balance-factor hash-preserve-affinity hash-type http-after-response http-check
  http-error http-request http-response http-reuse http-send-name-header id ignore-persist load-server-state-from-file
  log log-format log-format-sd log-steps log-tag max-keep-alive-queue max-session-srv-conns maxconn mode monitor
  monitor-net monitor-uri option persist quic-initial rate-limit redirect retries retry-on server server-state-file-name
  server-template source srvtcpka-cnt srvtcpka-idle srvtcpka-intvl srvtimeout stats stick stick-table tcp-check
  tcp-request tcp-response timeout transparent unique-id-format unique-id-header use-fcgi-app use-server use_backend`.split(
    /\s+/,
  ),
);
const timeouts = new Set(
  "check client client-fin client-hs connect http-keep-alive http-request queue server server-fin tarpit tunnel".split(
    " ",
  ),
);
/** The options that rules check. */
const options = new Set(["httpchk", "forwardfor", "redispatch", "http-server-close", "external-check"]);

/** Server keywords without a value, followed by those with a value. */
const flagOptions = new Set(
  `agent-check allow-0rtt backup check check-reuse-pool check-send-proxy check-sni-auto check-ssl check-via-socks4 disabled
  enabled non-stick renegotiate send-proxy send-proxy-v2 send-proxy-v2-ssl send-proxy-v2-ssl-cn sni-auto ssl ssl-reuse
  stick strict-maxconn tfo tls-tickets`.split(/\s+/),
);
const valueOptions = new Set(
  `addr agent-addr agent-inter agent-port agent-send alpn ca-file cc check-alpn check-pool-conn-name check-proto check-sni
  ciphers ciphersuites client-sigalgs cookie crl-file crt curves downinter error-limit fall fastinter guid hash-key id
  idle-ping init-addr init-state inter interface log-bufsize log-proto max-reuse maxconn maxqueue minconn namespace npn
  observe on-error on-marked-down on-marked-up pool-conn-name pool-low-conn pool-max-conn pool-purge-delay port proto
  proxy-v2-options redir resolve-net resolve-opts resolve-prefer resolvers rise set-proxy-v2-tlv-fmt shard sigalgs
  slowstart sni socks4 source ssl-max-ver ssl-min-ver tcp-md5sig tcp-ut track usesrc verify verifyhost weight ws`.split(
    /\s+/,
  ),
);
/** The number of words before the first option: the keyword of the line, and names and addresses. */
const wordsBeforeOptions: Readonly<Record<string, number>> = { server: 3, "server-template": 4, "default-server": 1 };

/** Returns the first unknown keyword. The words after it may belong to it, so they are not checked. */
function unknownOption(options: readonly string[]): string | undefined {
  for (let index = 0; index < options.length; index++) {
    const word = (options[index] ?? "").replace(/\(.*$/, "");
    if (valueOptions.has(word)) index++;
    else if (!flagOptions.has(word) && !/^(?:no|force)-/.test(word)) return word;
  }
  return undefined;
}

/** Records keywords that no version of HAProxy has. */
export function noteUnknown(sections: readonly Section[], diagnostics: Diagnostics): void {
  for (const { kind, lines } of sections) {
    if (!/^(?:defaults|frontend|backend|listen)$/.test(kind)) continue;
    for (const line of lines) {
      const content = unknownIn(line);
      if (content !== undefined) diagnostics.addNote(line.at, content);
    }
  }
}

function unknownIn({ words }: Line): string | undefined {
  const [first = "", second = ""] = words[0] === "no" ? words.slice(1) : words;
  if (!keywords.has(first)) return describe(first, closestWord(first, keywords));
  if (first === "timeout" && !timeouts.has(second)) return describe(`timeout ${second}`, closestWord(second, timeouts));
  const firstOption = wordsBeforeOptions[first];
  const unknown = firstOption === undefined ? undefined : unknownOption(words.slice(firstOption));
  if (unknown !== undefined) return describe(`${first} … ${unknown}`, closestWord(unknown, valueOptions));
  const option = first === "option" ? closestWord(second, options) : undefined;
  return option === undefined ? undefined : describe(`option ${second}`, option);
}

const describe = (word: string, suggestion: string | undefined): string =>
  `${word.slice(0, 40)}: not a known HAProxy keyword${suggestion === undefined ? "" : `; perhaps ${suggestion} is meant`}`;
