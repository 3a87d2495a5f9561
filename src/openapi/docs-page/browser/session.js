import { find } from "./find.js";

// Tokens are kept in the memory of this page only.
export let token = "";
let refreshToken = "";
let refreshAt = 0;

export function showSignedIn({ user, accessToken, refreshToken: newRefreshToken, expiresIn }) {
  token = accessToken;
  refreshToken = newRefreshToken;
  refreshAt = Date.now() + (expiresIn - 10) * 1000;
  find("sign-in-form").hidden = true;
  find("signed-in").hidden = false;
  find("signed-in").firstChild.textContent = `Signed in as ${user.email}.`;
  find("account").textContent = user.name;
  find("sign-in-message").textContent = "";
}

export function showSignedOut(message) {
  token = "";
  find("sign-in-form").hidden = false;
  find("signed-in").hidden = true;
  find("account").textContent = "Sign in";
  find("sign-in-message").textContent = message;
}

export const send = (path, options) =>
  fetch(path, { credentials: "omit", cache: "no-store", redirect: "error", ...options });

const post = (path, value) =>
  send(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) });

export async function refreshIfExpired() {
  if (token === "" || Date.now() <= refreshAt) return;
  const response = await post("/api/v1/auth/refresh", { refreshToken });
  if (response.ok) showSignedIn(await response.json());
}

find("sign-in-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const response = await post("/api/v1/auth/login", { email: find("email").value, password: find("password").value });
    const body = await response.json();
    if (!response.ok) return showSignedOut(body.detail || body.title);
    find("password").value = "";
    showSignedIn(body);
    find("sign-out").focus();
  } catch {
    showSignedOut("No response from the server.");
  }
});

find("sign-out").addEventListener("click", () => {
  send("/api/v1/auth/logout", { method: "POST", headers: { Authorization: `Bearer ${token}` } }).catch(() => {});
  showSignedOut("");
  find("email").focus();
});
