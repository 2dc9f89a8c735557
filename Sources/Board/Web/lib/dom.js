/**
 * Builds elements. Text is only ever set as text, so a name that looks like markup stays a name.
 * @module
 */

/** @typedef {Node | string | number | null | undefined | false | readonly any[]} Child lists may be nested */
/** @typedef {Record<string, any>} Properties attributes; `on…` are listeners, `class`, `dataset` and `style` as one expects */

const svgSpace = 'http://www.w3.org/2000/svg';

/**
 * An HTML element.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Properties | null} [properties]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  apply(element, properties ?? {});
  append(element, children);
  return element;
}

/**
 * Any other HTML element, e.g. a custom one.
 * @param {string} tag
 * @param {Properties | null} [properties]
 * @param {...Child} children
 * @returns {HTMLElement}
 */
export function custom(tag, properties, ...children) {
  const element = document.createElement(tag);
  apply(element, properties ?? {});
  append(element, children);
  return element;
}

/**
 * An SVG element.
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Properties | null} [properties]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function s(tag, properties, ...children) {
  const element = /** @type {SVGElementTagNameMap[Tag]} */ (document.createElementNS(svgSpace, tag));
  apply(element, properties ?? {});
  append(element, children);
  return element;
}

/**
 * Puts other children in place of those that an element has.
 * @param {Element} element
 * @param {...Child} children
 */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

/**
 * @param {Element} element
 * @param {Child[]} children
 */
function append(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(element, child);
    else if (child instanceof Node) element.append(child);
    else if (child !== null && child !== undefined && child !== false) element.append(String(child));
  }
}

/**
 * @param {HTMLElement | SVGElement} element
 * @param {Properties} properties
 */
function apply(element, properties) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on') && typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (name === 'class') element.setAttribute('class', Array.isArray(value) ? value.filter(Boolean).join(' ') : value);
    else if (name === 'dataset') Object.assign(element.dataset, value);
    // By the object model: the policy of the page allows no style in markup.
    else if (name === 'style') for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
}

const still = matchMedia('(prefers-reduced-motion: reduce)');

/** True where the user wants nothing to move. */
export function isStill() {
  return still.matches;
}
