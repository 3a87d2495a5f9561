/** Browser code: shows an answer, or that none came. Text only ever goes in as text. */
export const outcomeScript = String.raw`
function make(tag, text, more = {}) {
  return Object.assign(document.createElement(tag), { textContent: text }, more);
}

function headline(words, tone, aside = "") {
  const line = make("h4", words, { className: tone });
  if (aside !== "") line.append(" ", make("small", aside));
  return line;
}

/** To be read at leisure: of an answer only what came of it is announced. */
function code(text, label) {
  const block = make("pre", "", { tabIndex: 0, ariaLabel: label, ariaLive: "off" });
  block.append(make("code", text));
  return block;
}

function headersOf(response) {
  const details = document.createElement("details");
  details.append(make("summary", "Headers"), code([...response.headers].map((pair) => pair.join(": ")).join("\n"), "Headers"));
  return details;
}

function problem({ title, detail, errors = [], code: name, requestId }) {
  const list = make("ul", "");
  for (const { path, message } of errors) {
    const item = make("li", "");
    item.append(make("code", path || "body"), " " + message);
    list.append(item);
  }
  const about = [name && "code " + name, requestId && "request " + requestId].filter(Boolean).join(", ");
  return [make("p", title + ". " + detail), ...(errors.length > 0 ? [list] : []), make("p", about, { className: "note" })];
}

const toneOf = (status) => (status < 300 ? "good" : status < 400 ? "calm" : "bad");

async function picture(blob) {
  const reader = new FileReader();
  await new Promise((done) => { reader.onload = done; reader.readAsDataURL(blob); });
  return make("img", "", { src: reader.result, alt: "What came back" });
}

async function bodyOf(response, show, type) {
  if (type.startsWith("image/")) return show(await picture(await response.blob()));
  if (type.startsWith("text/event-stream")) return follow(response, show);
  const text = await response.text();
  if (text === "") return show(make("p", "No body.", { className: "note" }));
  const json = /[/+]json/.test(type);
  const value = json ? JSON.parse(text) : undefined;
  if (type.startsWith("application/problem+json")) show(...problem(value));
  show(code(json ? JSON.stringify(value, null, 2) : text.slice(0, 100000), "Body"));
  return value;
}

async function follow(response, show) {
  const block = code("", "Events");
  show(make("p", "Events, as they come; Stop ends it.", { className: "note" }), block);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    block.firstChild.textContent = (block.textContent + value).slice(-20000);
    block.scrollTop = block.scrollHeight;
  }
}
`;
