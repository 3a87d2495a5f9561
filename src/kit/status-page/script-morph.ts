/**
 * Browser code: makes a living element equal to a new one and touches only what differs, so that focus, scroll
 * position, selection and opened details stay, and a screen reader has nothing to read again.
 */
export const morphScript = `
const keyOf = (node) => node.nodeType === 1 ? node.getAttribute("data-key") : null;

const alike = (was, is) => was.nodeName === is.nodeName && keyOf(was) === keyOf(is);

function morph(was, is) {
  if (was.nodeType !== 1) {
    if (was.nodeValue !== is.nodeValue) was.nodeValue = is.nodeValue;
    return;
  }
  if (was.hasAttribute("data-keep")) return;
  morphAttributes(was, is);
  morphChildren(was, is);
}

function morphAttributes(was, is) {
  for (const { name, value } of is.attributes) {
    if (name !== "open" && was.getAttribute(name) !== value) was.setAttribute(name, value);
  }
  for (const { name } of [...was.attributes]) {
    if (name !== "open" && !is.hasAttribute(name)) was.removeAttribute(name);
  }
}

function morphChildren(was, is) {
  const wanted = new Set([...is.children].map(keyOf));
  const known = new Map();
  for (const child of [...was.children]) {
    const key = keyOf(child);
    if (key === null) continue;
    if (wanted.has(key)) known.set(key, child);
    else child.remove();
  }
  let at = was.firstChild;
  const drop = (node) => {
    const next = node.nextSibling;
    node.remove();
    return next;
  };
  for (const child of [...is.childNodes]) {
    const key = keyOf(child);
    const same = key === null ? nextAlike(at, child) : known.get(key);
    if (same && alike(same, child)) {
      if (isAhead(at, same)) while (at !== same && keyOf(at) === null) at = drop(at);
      if (same === at) at = at.nextSibling;
      else was.insertBefore(same, at);
      morph(same, child);
    } else was.insertBefore(document.importNode(child, true), at);
  }
  while (at) at = drop(at);
}

function nextAlike(at, child) {
  while (at && keyOf(at) === null && !alike(at, child)) at = at.nextSibling;
  return at && alike(at, child) ? at : null;
}

function isAhead(at, node) {
  while (at && at !== node) at = at.nextSibling;
  return at === node;
}

function keepingSelection(change) {
  const selection = getSelection();
  const { anchorNode, anchorOffset, focusNode, focusOffset, isCollapsed } = selection;
  change();
  if (isCollapsed || !anchorNode || !focusNode || !anchorNode.isConnected || !focusNode.isConnected) return;
  const start = anchorNode.nodeType === 3 ? Math.min(anchorOffset, anchorNode.length) : selection.anchorOffset;
  const end = focusNode.nodeType === 3 ? Math.min(focusOffset, focusNode.length) : selection.focusOffset;
  if (start === selection.anchorOffset && end === selection.focusOffset && anchorNode === selection.anchorNode) return;
  selection.setBaseAndExtent(anchorNode, start, focusNode, end);
}
`;
