import { morphScript } from "./script-morph.ts";

/** Browser code: asks the page's own address again and again, and says so where no answer comes. */
const liveScript = String.raw`
const limitMs = 5000;
const slowestMs = 15000;
const find = (id) => document.getElementById(id);
const page = document.querySelector("main");
const icon = document.querySelector("link[rel=icon]");
const instances = new Set([page.dataset.instance]);
let token = "";
let failures = 0;
let paused = false;
let timer;
let flight;

async function ask(bearer) {
  const own = new AbortController();
  let late = false;
  if (flight) flight.abort();
  flight = own;
  const limit = setTimeout(() => { late = true; own.abort(); }, limitMs);
  try {
    const headers = { Accept: "text/html" };
    if (bearer) headers.Authorization = "Bearer " + bearer;
    const options = { headers, cache: "no-store", redirect: "error", signal: own.signal };
    const response = await fetch(location.pathname + location.search, options);
    const next = new DOMParser().parseFromString(await response.text(), "text/html");
    if (next.querySelector("main[data-page]")) return { next };
    return { trouble: "something else answers, with HTTP " + response.status };
  } catch {
    if (late) return { trouble: "it takes longer than " + limitMs / 1000 + " s" };
    return own.signal.aborted ? { superseded: true } : { trouble: "the connection fails" };
  } finally {
    clearTimeout(limit);
    if (flight === own) flight = undefined;
  }
}

async function poll() {
  clearTimeout(timer);
  const { next, trouble, superseded } = await ask(token);
  if (superseded) return;
  if (next) show(next);
  else lose(trouble);
  schedule();
}

function schedule() {
  clearTimeout(timer);
  const interval = Number(page.dataset.interval);
  const delay = Math.min(interval * 2 ** failures, Math.max(interval, slowestMs));
  if (!paused && !document.hidden) timer = setTimeout(poll, delay);
}

function halt() {
  clearTimeout(timer);
  if (flight) flight.abort();
}

function show(next) {
  const is = next.querySelector("main");
  const { face, page: kind } = page.dataset;
  const refused = token !== "" && is.dataset.page === "reduced";
  const found = failures > 0;
  failures = 0;
  keepingSelection(() => morph(page, is));
  document.title = next.title;
  icon.href = next.querySelector("link[rel=icon]").getAttribute("href");
  document.documentElement.classList.remove("stale");
  if (found) find("trouble").hidden = true;
  if (refused) {
    token = "";
    say("The token is no longer accepted.");
  }
  if (found || face !== page.dataset.face) announce();
  if (kind !== page.dataset.page) find("status").focus({ preventScroll: true });
  notice(next);
  mode();
}

function notice(next) {
  const words = [];
  instances.add(page.dataset.instance);
  if (instances.size > 1) {
    words.push("More than one instance has answered here: " + [...instances].join(", ") + ". You see the latest.");
  }
  if (next.scripts[0].text !== document.scripts[0].text) words.push("This page has changed with a new version: reload it.");
  put("notice", words.join(" "));
  find("notice").hidden = words.length === 0;
}

function lose(trouble) {
  failures += 1;
  put("trouble-words", "No answer since " + page.dataset.time + " UTC: " + trouble + ". Below is what was known then.");
  if (failures > 1) return;
  find("trouble").hidden = false;
  document.documentElement.classList.add("stale");
  document.title = "No answer \u00b7 " + document.title;
  icon.href = icon.dataset.lost;
  put("announcer", "No answer from the server.");
  mode();
}

function put(id, words) {
  const element = find(id);
  if (element.textContent !== words) element.textContent = words;
}

function announce() {
  put("announcer", page.dataset.face + ". " + find("summary").textContent);
}

function say(words) {
  put("token-says", words);
  find("token").setAttribute("aria-invalid", String(words !== ""));
}

function mode() {
  const every = "Live, every " + Number(page.dataset.interval) / 1000 + " s";
  put("live", paused ? "Paused" : failures > 0 ? "No answer" : every);
  put("pause", paused ? "Resume" : "Pause");
}

async function offer(offered) {
  if (!/^[\x21-\x7e]+$/.test(offered)) return say("This is not the operator\u2019s token.");
  clearTimeout(timer);
  const { next, trouble, superseded } = await ask(offered);
  if (superseded) return;
  if (next && next.querySelector("main").dataset.page === "full") {
    token = offered;
    show(next);
  } else say(next ? "This is not the operator\u2019s token." : "No answer: " + trouble + ".");
  schedule();
}

find("pause").addEventListener("click", () => {
  paused = !paused;
  mode();
  if (paused) halt();
  else poll();
});
find("again").addEventListener("click", poll);
document.addEventListener("submit", (event) => {
  if (event.target.id !== "token-form") return;
  event.preventDefault();
  offer(find("token").value.trim());
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) halt();
  else if (!paused) poll();
});
addEventListener("online", () => { if (!paused && !document.hidden) poll(); });
document.documentElement.classList.add("js");
mode();
schedule();
`;

const withoutIndentation = (text: string): string => text.replaceAll(/\n\s*/g, "\n");

export const script: string = withoutIndentation(`"use strict";(()=>{${morphScript}${liveScript}})();`);
