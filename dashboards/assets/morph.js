// Makes a part of the page look like new HTML while it stays the same part: what is focused stays focused, an open <details>
// stays open, what is scrolled or selected stays so. Elements with an id or a data-key are matched by it, others by place.
// Elements with data-live="script" belong to scripts and are left alone.

/**
 * @param {Element} target
 * @param {string} html
 */
export function morph(target, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  morphTo(target, template.content);
}

/**
 * @param {Element} target
 * @param {ParentNode & Node} source
 */
export function morphTo(target, source) {
  const focused = document.activeElement;
  children(target, source);
  // A focused element that had to move lost its focus on the way.
  if (focused instanceof HTMLElement && focused !== document.activeElement && target.contains(focused)) {
    focused.focus({ preventScroll: true });
  }
}

/** @param {Node} node */
const key = (node) => (node instanceof Element ? node.id || node.getAttribute("data-key") || "" : "");

/** @param {Node} a @param {Node} b */
const alike = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && key(a) === key(b);

/** @param {Node} target @param {Node} source */
function children(target, source) {
  /** @type {Map<string, Element>} */
  const keyed = new Map();
  for (const child of target.childNodes) {
    if (child instanceof Element && key(child)) keyed.set(key(child), child);
  }
  /** @type {ChildNode | null} */
  let place = target.firstChild;
  for (const wanted of [...source.childNodes]) {
    const have = key(wanted) ? keyed.get(key(wanted)) : next(place, wanted);
    if (!have || !alike(have, wanted)) {
      target.insertBefore(wanted, place);
      continue;
    }
    if (!key(wanted)) {
      while (place && place !== have) place = drop(place);
    }
    if (have === place) place = place.nextSibling;
    else target.insertBefore(have, place);
    node(have, wanted);
  }
  while (place) place = drop(place);
}

/**
 * The next element without a key that could become `wanted`, not far away.
 * @param {ChildNode | null} place @param {Node} wanted
 */
function next(place, wanted) {
  for (let steps = 0; place && !key(place) && steps < 4; place = place.nextSibling, steps += 1) {
    if (alike(place, wanted)) return place;
  }
  return undefined;
}

/** @param {ChildNode} gone */
function drop(gone) {
  const after = gone.nextSibling;
  gone.remove();
  return after;
}

/** @param {Node} have @param {Node} wanted */
function node(have, wanted) {
  if (!(have instanceof Element) || !(wanted instanceof Element)) {
    if (have.nodeValue !== wanted.nodeValue) have.nodeValue = wanted.nodeValue;
    return;
  }
  if (have.getAttribute("data-live") === "script") return;
  for (const { name, value } of [...wanted.attributes]) {
    if (have.getAttribute(name) !== value) have.setAttribute(name, value);
  }
  for (const { name } of [...have.attributes]) {
    const readers = name === "open" && have.nodeName === "DETAILS";
    if (!wanted.hasAttribute(name) && !readers) have.removeAttribute(name);
  }
  children(have, wanted);
}
