// Makes a live element equal to a new one and changes only what differs. Focus, scroll position, selection and opened
// details stay as they are, and a screen reader has nothing to read again.

const keyOf = (node) => (node.nodeType === 1 ? node.getAttribute("data-key") : null);

const isSameNode = (current, next) => current.nodeName === next.nodeName && keyOf(current) === keyOf(next);

export function morph(current, next) {
  if (current.nodeType !== 1) {
    if (current.nodeValue !== next.nodeValue) current.nodeValue = next.nodeValue;
    return;
  }
  if (current.hasAttribute("data-keep")) return;
  morphAttributes(current, next);
  morphChildren(current, next);
}

function morphAttributes(current, next) {
  for (const { name, value } of next.attributes) {
    if (name !== "open" && current.getAttribute(name) !== value) current.setAttribute(name, value);
  }
  for (const { name } of [...current.attributes]) {
    if (name !== "open" && !next.hasAttribute(name)) current.removeAttribute(name);
  }
}

function morphChildren(current, next) {
  const wanted = new Set([...next.children].map(keyOf));
  const known = new Map();
  for (const child of [...current.children]) {
    const key = keyOf(child);
    if (key === null) continue;
    if (wanted.has(key)) known.set(key, child);
    else child.remove();
  }
  let at = current.firstChild;
  const drop = (node) => {
    const next = node.nextSibling;
    node.remove();
    return next;
  };
  for (const child of [...next.childNodes]) {
    const key = keyOf(child);
    const same = key === null ? nextSameNode(at, child) : known.get(key);
    if (same && isSameNode(same, child)) {
      if (isAhead(at, same)) while (at !== same && keyOf(at) === null) at = drop(at);
      if (same === at) at = at.nextSibling;
      else current.insertBefore(same, at);
      morph(same, child);
    } else current.insertBefore(document.importNode(child, true), at);
  }
  while (at) at = drop(at);
}

function nextSameNode(from, child) {
  let at = from;
  while (at && keyOf(at) === null && !isSameNode(at, child)) at = at.nextSibling;
  return at && isSameNode(at, child) ? at : null;
}

function isAhead(from, node) {
  let at = from;
  while (at && at !== node) at = at.nextSibling;
  return at === node;
}

export function keepingSelection(change) {
  const selection = getSelection();
  const { anchorNode, anchorOffset, focusNode, focusOffset, isCollapsed } = selection;
  change();
  if (isCollapsed || !anchorNode || !focusNode || !anchorNode.isConnected || !focusNode.isConnected) return;
  const start = anchorNode.nodeType === 3 ? Math.min(anchorOffset, anchorNode.length) : selection.anchorOffset;
  const end = focusNode.nodeType === 3 ? Math.min(focusOffset, focusNode.length) : selection.focusOffset;
  if (start === selection.anchorOffset && end === selection.focusOffset && anchorNode === selection.anchorNode) return;
  selection.setBaseAndExtent(anchorNode, start, focusNode, end);
}
