import { find } from "./find.js";
import { headline, make, renderHeaders, showBody, toneOf } from "./outcome.js";
import { refreshIfExpired, send, showSignedIn, showSignedOut, token } from "./session.js";

function bearerFor(access) {
  if (access === "operator") return find("operator-token").value.trim();
  return access === "everyone" ? "" : token;
}

function explain401(access) {
  const wasSent = bearerFor(access) !== "";
  if (access === "operator") {
    const text = wasSent ? "The operator token is wrong: enter another." : "The operator token is missing: enter it.";
    return make("a", text, { href: "#operator-token" });
  }
  showSignedOut("");
  return make("a", wasSent ? "The token has expired: sign in again." : "Sign in first.", { href: "#sign-in" });
}

function requestOf(form) {
  const { method, access } = form.dataset;
  const headers = {};
  const query = new URLSearchParams();
  let path = form.dataset.path;
  for (const { name, value, dataset } of form.querySelectorAll("[data-in]")) {
    if (dataset.in === "path") path = path.replace(`{${name}}`, encodeURIComponent(value));
    else if (value !== "" && dataset.in === "query") query.append(name, value);
    else if (value !== "") headers[name] = value;
  }
  const bearer = bearerFor(access);
  if (bearer !== "") headers.Authorization = `Bearer ${bearer}`;
  if (Object.values(headers).some((value) => /[^\x20-\xff]/.test(value))) throw new RangeError();
  const options = { method, headers };
  const body = form.querySelector("[data-body]");
  if (body) {
    headers["Content-Type"] = "application/json";
    options.body = body.value;
  }
  const upload = form.querySelector("[data-file]");
  if (upload) options.body = uploadBody(upload);
  return { url: path + (query.size > 0 ? `?${query}` : ""), options };
}

/** The file itself, or a form with the file in the field that the operation names. */
function uploadBody({ dataset, files: [file] }) {
  if (dataset.file === "") return file;
  const form = new FormData();
  form.append(dataset.file, file);
  return form;
}

function firstMissingInput(form) {
  let first;
  for (const input of form.querySelectorAll("[required]")) {
    input.setAttribute("aria-invalid", String(input.value === ""));
    if (input.value === "" && !first) first = input;
  }
  return first;
}

async function sendForm(form) {
  const outcome = form.parentElement.querySelector(".outcome");
  const stop = form.querySelector("[data-stop]");
  const show = (...parts) => outcome.append(...parts);
  const missing = firstMissingInput(form);
  if (missing) {
    outcome.replaceChildren(headline(`Fill in ${missing.labels[0].firstChild.textContent.trim()} first.`, "bad"));
    return missing.focus();
  }
  const control = new AbortController();
  const startedAt = performance.now();
  outcome.replaceChildren(make("p", "Sending …", { className: "note" }));
  stop.hidden = false;
  stop.onclick = () => control.abort();
  try {
    await refreshIfExpired();
    const { url, options } = requestOf(form);
    const response = await send(url, { ...options, signal: control.signal });
    const elapsed = `${Math.round(performance.now() - startedAt)} ms`;
    outcome.replaceChildren(headline(`${response.status} ${response.statusText}`, toneOf(response.status), elapsed));
    if (response.status === 401 && form.dataset.access !== "everyone") show(explain401(form.dataset.access));
    show(renderHeaders(response));
    const value = await showBody(response, show, response.headers.get("Content-Type") || "");
    if (response.ok) reuseResult(response, value);
  } catch (error) {
    if (control.signal.aborted) show(make("p", "Stopped.", { className: "note" }));
    else if (error instanceof SyntaxError) show(headline("The response is not valid JSON.", "bad"));
    else if (error instanceof RangeError)
      outcome.replaceChildren(headline("A header contains an invalid character.", "bad"));
    else
      outcome.replaceChildren(
        headline("No response: the connection failed.", "bad"),
        make("p", "Check that the server is running and reachable from this browser."),
      );
  } finally {
    stop.hidden = true;
  }
}

/** The URLs of the resources created on this page. Forms that are opened later use their ids. */
const locations = [];

/** Fills the id of a created resource into the forms that need it. Signs in if the response has a token. */
function reuseResult(response, value) {
  const location = response.headers.get("Location");
  if (location) {
    locations.push(location);
    fillIds(location, document);
  }
  if (value?.accessToken && value.user) showSignedIn(value);
}

function fillIds(location, container) {
  for (const input of container.querySelectorAll("[data-in=path]")) {
    const template = input.form.dataset.path;
    const before = template.slice(0, template.indexOf(`{${input.name}}`));
    if (location.startsWith(before) && !location.slice(before.length).includes("/"))
      input.value = location.slice(before.length);
  }
}

function addForm(details) {
  const template = details.querySelector(":scope > template");
  if (!template) return;
  template.replaceWith(template.content);
  for (const location of locations) fillIds(location, details);
}

// The toggle event does not bubble. The third argument makes this listener receive it.
document.addEventListener("toggle", ({ target }) => target.matches(".try") && addForm(target), true);
document.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.target.matches(".try form")) sendForm(event.target);
});
