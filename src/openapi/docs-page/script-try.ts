/** Browser code: signing in, and sending what the forms say. Tokens stay in this page's memory, and nowhere else. */
export const tryScript = `
let token = "";
let refreshToken = "";
let freshUntil = 0;

function signedIn({ user, accessToken, refreshToken: next, expiresIn }) {
  token = accessToken;
  refreshToken = next;
  freshUntil = Date.now() + (expiresIn - 10) * 1000;
  find("sign-in-form").hidden = true;
  find("signed-in").hidden = false;
  find("signed-in").firstChild.textContent = "Signed in as " + user.email + ".";
  find("who").textContent = user.name;
  find("sign-in-says").textContent = "";
}

function signedOut(words) {
  token = "";
  find("sign-in-form").hidden = false;
  find("signed-in").hidden = true;
  find("who").textContent = "Sign in";
  find("sign-in-says").textContent = words;
}

const send = (path, options) => fetch(path, { credentials: "omit", cache: "no-store", redirect: "error", ...options });

const post = (path, value) =>
  send(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) });

async function renew() {
  const response = await post("/api/v1/auth/refresh", { refreshToken });
  if (response.ok) signedIn(await response.json());
}

find("sign-in-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const response = await post("/api/v1/auth/login", { email: find("email").value, password: find("password").value });
    const answer = await response.json();
    if (!response.ok) return signedOut(answer.detail || answer.title);
    find("password").value = "";
    signedIn(answer);
    find("sign-out").focus();
  } catch {
    signedOut("No answer from the server.");
  }
});

find("sign-out").addEventListener("click", () => {
  send("/api/v1/auth/logout", { method: "POST", headers: { Authorization: "Bearer " + token } }).catch(() => {});
  signedOut("");
  find("email").focus();
});

/** An id that was just made is what one wants to go on with. */
function passOn(location) {
  for (const input of document.querySelectorAll("[data-in=path]")) {
    const template = input.form.dataset.path;
    const end = template.indexOf("{" + input.name + "}");
    const before = template.slice(0, end);
    if (location.startsWith(before) && !location.slice(before.length).includes("/")) input.value = location.slice(before.length);
  }
}

function bearerOf(access) {
  if (access === "operator") return find("operator-token").value.trim();
  return access === "everyone" ? "" : token;
}

/** What to do about a 401. */
function remedy(access) {
  const given = bearerOf(access) !== "";
  if (access === "operator") {
    const words = given ? "The operator token is wrong: enter another." : "The operator token is missing: enter it.";
    return make("a", words, { href: "#operator-token" });
  }
  signedOut("");
  return make("a", given ? "The token is over: sign in again." : "Sign in first.", { href: "#sign-in" });
}

function requestOf(form) {
  const { method, access } = form.dataset;
  const headers = {};
  const query = new URLSearchParams();
  let path = form.dataset.path;
  for (const { name, value, dataset } of form.querySelectorAll("[data-in]")) {
    if (dataset.in === "path") path = path.replace("{" + name + "}", encodeURIComponent(value));
    else if (value !== "" && dataset.in === "query") query.append(name, value);
    else if (value !== "") headers[name] = value;
  }
  const bearer = bearerOf(access);
  if (bearer !== "") headers.Authorization = "Bearer " + bearer;
  if (Object.values(headers).some((value) => /[^\\x20-\\xff]/.test(value))) throw new RangeError();
  const body = form.querySelector("[data-body]");
  const upload = form.querySelector("[data-file]");
  const options = { method, headers };
  if (body) Object.assign(headers, { "Content-Type": "application/json" }), (options.body = body.value);
  if (upload && upload.dataset.file === "") options.body = upload.files[0];
  else if (upload) (options.body = new FormData()).append(upload.dataset.file, upload.files[0]);
  return { url: path + (query.size > 0 ? "?" + query : ""), options };
}

function missingIn(form) {
  let first;
  for (const input of form.querySelectorAll("[required]")) {
    input.setAttribute("aria-invalid", String(input.value === ""));
    if (input.value === "" && !first) first = input;
  }
  return first;
}

async function attempt(form) {
  const outcome = form.parentElement.querySelector(".outcome");
  const stop = form.querySelector("[data-stop]");
  const show = (...parts) => outcome.append(...parts);
  const missing = missingIn(form);
  if (missing) {
    outcome.replaceChildren(headline("Fill in " + missing.labels[0].firstChild.textContent.trim() + " first.", "bad"));
    return missing.focus();
  }
  const control = new AbortController();
  const startedAt = performance.now();
  outcome.replaceChildren(make("p", "Sending …", { className: "note" }));
  stop.hidden = false;
  stop.onclick = () => control.abort();
  try {
    if (token !== "" && Date.now() > freshUntil) await renew();
    const { url, options } = requestOf(form);
    const response = await send(url, { ...options, signal: control.signal });
    const took = Math.round(performance.now() - startedAt) + " ms";
    outcome.replaceChildren(headline(response.status + " " + response.statusText, toneOf(response.status), took));
    if (response.status === 401 && form.dataset.access !== "everyone") show(remedy(form.dataset.access));
    show(headersOf(response));
    const value = await bodyOf(response, show, response.headers.get("Content-Type") || "");
    if (response.ok) learn(response, value);
  } catch (error) {
    if (control.signal.aborted) show(make("p", "Stopped.", { className: "note" }));
    else if (error instanceof SyntaxError) show(headline("The body is not the JSON that it claims to be.", "bad"));
    else if (error instanceof RangeError) outcome.replaceChildren(headline("A header has a character that none can have.", "bad"));
    else outcome.replaceChildren(headline("No answer: the connection failed.", "bad"), make("p", "Is the server running, and reachable from here?"));
  } finally {
    stop.hidden = true;
  }
}

function learn(response, value) {
  const location = response.headers.get("Location");
  if (location) passOn(location);
  if (value && value.accessToken && value.user) signedIn(value);
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.target.matches(".try form")) attempt(event.target);
});
`;
