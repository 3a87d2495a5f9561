// Makes a live element equal to a new one and changes only what differs. Focus, scroll position, selection and opened
// details stay as they are, and screen readers do not repeat text that has not changed.

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
  const nextKeys = new Set([...next.children].map(keyOf));
  const keptByKey = new Map();
  for (const child of [...current.children]) {
    const key = keyOf(child);
    if (key === null) continue;
    if (nextKeys.has(key)) keptByKey.set(key, child);
    else child.remove();
  }
  let position = current.firstChild;
  const removeNode = (node) => {
    const next = node.nextSibling;
    node.remove();
    return next;
  };
  for (const child of [...next.childNodes]) {
    const key = keyOf(child);
    const match = key === null ? nextSameNode(position, child) : keptByKey.get(key);
    if (match && isSameNode(match, child)) {
      if (isAhead(position, match))
        while (position !== match && keyOf(position) === null) position = removeNode(position);
      if (match === position) position = position.nextSibling;
      else current.insertBefore(match, position);
      morph(match, child);
    } else current.insertBefore(document.importNode(child, true), position);
  }
  while (position) position = removeNode(position);
}

function nextSameNode(start, child) {
  let node = start;
  while (node && keyOf(node) === null && !isSameNode(node, child)) node = node.nextSibling;
  return node && isSameNode(node, child) ? node : null;
}

function isAhead(start, node) {
  let sibling = start;
  while (sibling && sibling !== node) sibling = sibling.nextSibling;
  return sibling === node;
}

/** Calls a function that changes the document, and restores the selection of text afterwards. */
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
