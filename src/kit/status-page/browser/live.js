import { abortFetch, fetchPage } from "./fetch-page.js";
import { keepingSelection, morph } from "./morph.js";

const maxDelayMs = 15_000;
const find = (id) => document.getElementById(id);
const page = document.querySelector("main");
const icon = document.querySelector("link[rel=icon]");
const instances = new Set([page.dataset.instance]);
let token = "";
let failures = 0;
let paused = false;
let timer;

async function poll() {
  clearTimeout(timer);
  const { next, failure, replaced } = await fetchPage(token);
  if (replaced) return;
  if (next) show(next);
  else showFailure(failure);
  schedule();
}

function schedule() {
  clearTimeout(timer);
  const interval = Number(page.dataset.interval);
  const delay = Math.min(interval * 2 ** failures, Math.max(interval, maxDelayMs));
  if (!paused && !document.hidden) timer = setTimeout(poll, delay);
}

function stopPolling() {
  clearTimeout(timer);
  abortFetch();
}

function show(next) {
  const nextPage = next.querySelector("main");
  const { label, page: kind } = page.dataset;
  const tokenRejected = token !== "" && nextPage.dataset.page === "public";
  const isBack = failures > 0;
  failures = 0;
  keepingSelection(() => morph(page, nextPage));
  document.title = next.title;
  icon.href = next.querySelector("link[rel=icon]").getAttribute("href");
  document.documentElement.classList.remove("stale");
  if (isBack) find("trouble").hidden = true;
  if (tokenRejected) {
    token = "";
    showTokenMessage("The token is no longer valid.");
  }
  if (isBack || label !== page.dataset.label) announce();
  if (kind !== page.dataset.page) find("status").focus({ preventScroll: true });
  showNotice(next);
  showMode();
}

function showNotice(next) {
  const sentences = [];
  instances.add(page.dataset.instance);
  if (instances.size > 1) {
    const names = [...instances].join(", ");
    sentences.push(`More than one instance has answered: ${names}. This page shows the latest answer.`);
  }
  if (next.scripts[0].text !== document.scripts[0].text)
    sentences.push("The server has a new version of this page. Reload the page.");
  setText("notice", sentences.join(" "));
  find("notice").hidden = sentences.length === 0;
}

function showFailure(failure) {
  failures += 1;
  setText("trouble-text", `No answer since ${page.dataset.time} UTC: ${failure}. The state below is from that time.`);
  if (failures > 1) return;
  find("trouble").hidden = false;
  document.documentElement.classList.add("stale");
  document.title = `No answer \u00b7 ${document.title}`;
  icon.href = icon.dataset.lost;
  setText("announcer", "No answer from the server.");
  showMode();
}

/** Equal text is not set again, so that screen readers do not repeat it. */
function setText(id, text) {
  const element = find(id);
  if (element.textContent !== text) element.textContent = text;
}

function announce() {
  setText("announcer", `${page.dataset.label}. ${find("summary").textContent}`);
}

function showTokenMessage(text) {
  setText("token-message", text);
  find("token").setAttribute("aria-invalid", String(text !== ""));
}

function showMode() {
  const live = `Live, every ${Number(page.dataset.interval) / 1000} s`;
  setText("live", paused ? "Paused" : failures > 0 ? "No answer" : live);
  setText("pause", paused ? "Resume" : "Pause");
}

async function tryToken(candidate) {
  if (!/^[\x21-\x7e]+$/.test(candidate)) return showTokenMessage("The token is not valid.");
  clearTimeout(timer);
  const { next, failure, replaced } = await fetchPage(candidate);
  if (replaced) return;
  if (next && next.querySelector("main").dataset.page === "full") {
    token = candidate;
    show(next);
  } else showTokenMessage(next ? "The token is not valid." : `No answer: ${failure}.`);
  schedule();
}

find("pause").addEventListener("click", () => {
  paused = !paused;
  showMode();
  if (paused) stopPolling();
  else poll();
});
find("retry").addEventListener("click", poll);
document.addEventListener("submit", (event) => {
  if (event.target.id !== "token-form") return;
  event.preventDefault();
  tryToken(find("token").value.trim());
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) stopPolling();
  else if (!paused) poll();
});
addEventListener("online", () => {
  if (!paused && !document.hidden) poll();
});
showMode();
schedule();
