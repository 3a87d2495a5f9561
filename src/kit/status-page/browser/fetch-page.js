const limitMs = 5000;
let runningFetch;

/** Re-fetches this page. Returns the new document, a description of the failure, or that a later fetch replaced this one. */
export async function fetchPage(token) {
  const controller = new AbortController();
  let timedOut = false;
  abortFetch();
  runningFetch = controller;
  const timer = setTimeout(() => {
    timedOut = true;
    controller.abort();
  }, limitMs);
  try {
    const headers = { Accept: "text/html" };
    if (token) headers.Authorization = `Bearer ${token}`;
    const options = { headers, cache: "no-store", redirect: "error", signal: controller.signal };
    const response = await fetch(location.pathname + location.search, options);
    const next = new DOMParser().parseFromString(await response.text(), "text/html");
    if (next.querySelector("main[data-page]")) return { next };
    return { failure: `another server answered, with HTTP ${response.status}` };
  } catch {
    if (timedOut) return { failure: `no response within ${limitMs / 1000} s` };
    return controller.signal.aborted ? { replaced: true } : { failure: "connection failed" };
  } finally {
    clearTimeout(timer);
    if (runningFetch === controller) runningFetch = undefined;
  }
}

export function abortFetch() {
  if (runningFetch) runningFetch.abort();
}
