/**
 * Elements of the page, made by one function.
 */

const MATHML = "http://www.w3.org/1998/Math/MathML";

/**
 * An element with attributes and children.
 *
 * An attribute whose name begins with "on" is a listener, one that is true is present without a
 * value, and one that is false, null or undefined is left out. A child that is no element becomes
 * text; null, undefined and false are left out.
 *
 * @param {string} name such as "p".
 * @param {object} [attributes] by name.
 * @param {...(Node | string | number | null | false | any[])} children
 * @returns {HTMLElement}
 */
export function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for a part of a formula. */
export function mathElement(name, attributes = {}, ...children) {
  return fill(document.createElementNS(MATHML, name), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  const kept = children.flat(Infinity).filter((child) => child !== null && child !== undefined);
  node.append(...kept.filter((child) => child !== false));
  return node;
}

/** The element with an id. */
export function byId(id) {
  return document.getElementById(id);
}

/**
 * Replace what is inside an element; where the focus was on something with a `data-key`, it goes
 * to the new element of the same key.
 */
export function replaceInside(parent, ...children) {
  const key = parent.contains(document.activeElement) && document.activeElement.dataset.key;
  parent.replaceChildren(...children.flat(Infinity).filter(Boolean));
  if (key) parent.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}
