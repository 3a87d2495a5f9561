// Shows a response. Everything a server sends is inserted as text, never as markup.

export function make(tag, text, more = {}) {
  return Object.assign(document.createElement(tag), { textContent: text }, more);
}

export function headline(text, tone, note = "") {
  const line = make("h4", text, { className: tone });
  if (note !== "") line.append(" ", make("small", note));
  return line;
}

/** `ariaLive` is off, because a screen reader would otherwise read the whole body aloud. */
function code(text, label) {
  const block = make("pre", "", { tabIndex: 0, ariaLabel: label, ariaLive: "off" });
  block.append(make("code", text));
  return block;
}

export function renderHeaders(response) {
  const details = document.createElement("details");
  details.append(
    make("summary", "Headers"),
    code([...response.headers].map((pair) => pair.join(": ")).join("\n"), "Headers"),
  );
  return details;
}

function renderProblem({ title, detail, errors = [], code: name, requestId }) {
  const list = make("ul", "");
  for (const { path, message } of errors) {
    const item = make("li", "");
    item.append(make("code", path || "body"), ` ${message}`);
    list.append(item);
  }
  const codeAndRequest = [name && `code ${name}`, requestId && `request ${requestId}`].filter(Boolean).join(", ");
  return [
    make("p", `${title}. ${detail}`),
    ...(errors.length > 0 ? [list] : []),
    make("p", codeAndRequest, { className: "note" }),
  ];
}

export const toneOf = (status) => (status < 300 ? "good" : status < 400 ? "calm" : "bad");

/** The content security policy allows this page to load images from `data:` URLs only. */
async function renderImage(blob) {
  const reader = new FileReader();
  await new Promise((done) => {
    reader.onload = done;
    reader.readAsDataURL(blob);
  });
  return make("img", "", { src: reader.result, alt: "The image in the response" });
}

export async function showBody(response, show, type) {
  if (type.startsWith("image/")) return show(await renderImage(await response.blob()));
  if (type.startsWith("text/event-stream")) return showEvents(response, show);
  const text = await response.text();
  if (text === "") return show(make("p", "No body.", { className: "note" }));
  const isJson = /[/+]json/.test(type);
  const value = isJson ? JSON.parse(text) : undefined;
  if (type.startsWith("application/problem+json")) show(...renderProblem(value));
  show(code(isJson ? JSON.stringify(value, null, 2) : text.slice(0, 100000), "Body"));
  return value;
}

async function showEvents(response, show) {
  const block = code("", "Events");
  show(make("p", "Live events. Press Stop to close the stream.", { className: "note" }), block);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    block.firstChild.textContent = (block.textContent + value).slice(-20000);
    block.scrollTop = block.scrollHeight;
  }
}
