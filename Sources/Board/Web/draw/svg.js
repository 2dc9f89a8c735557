// Builds SVG elements. Text goes in as text nodes only, so whatever an id holds is shown and never run.

const namespace = 'http://www.w3.org/2000/svg';
let lastNumber = 0;

/**
 * @typedef {string | number | null | undefined} AttributeValue
 */

/**
 * One SVG element. Attributes that are null or undefined are left out.
 * @template {keyof SVGElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, AttributeValue>} [attributes]
 * @param {...(Node | string)} children
 * @returns {SVGElementTagNameMap[Name]}
 */
export function svg(name, attributes = {}, ...children) {
  const element = /** @type {SVGElementTagNameMap[Name]} */ (document.createElementNS(namespace, name));
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(key, String(value));
  }
  element.append(...children);
  return element;
}

/**
 * An id that no other drawing on the page has.
 * @param {string} stem
 */
export function uniqueID(stem) {
  lastNumber += 1;
  return `${stem}-${lastNumber}`;
}

/**
 * The root of a drawing: its size in CSS pixels, a name, and a description for those who do not see it.
 * @param {{width: number, height: number, label: string, description?: string, role?: string, class?: string}} options
 * @param {...Node} children
 */
export function drawing(options, ...children) {
  const title = uniqueID('title');
  const description = uniqueID('description');
  return svg(
    'svg',
    {
      width: options.width,
      height: options.height,
      viewBox: `0 0 ${options.width} ${options.height}`,
      class: `drawing ${options.class ?? ''}`.trim(),
      role: options.role ?? 'img',
      'aria-labelledby': title,
      'aria-describedby': options.description ? description : null,
      focusable: 'false',
    },
    svg('title', { id: title }, options.label),
    ...(options.description ? [svg('desc', { id: description }, options.description)] : []),
    ...children,
  );
}

/**
 * Diagonal lines in the colour of a class; the pattern that tells absence from idleness without colour.
 * @param {string} id
 * @param {string} lineClass
 */
export function hatch(id, lineClass) {
  return svg(
    'pattern',
    { id, width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
    svg('rect', { width: 6, height: 6, class: 'hatch-ground' }),
    svg('line', { x1: 1.5, y1: 0, x2: 1.5, y2: 6, class: lineClass }),
  );
}

/**
 * About how wide a character is: 6.4 px, twice that from where the wide scripts and pictures begin.
 * @param {string} character
 */
function widthOf(character) {
  return (character.codePointAt(0) ?? 0) < 0x1100 ? 6.4 : 13;
}

/**
 * Shortens a text so that it fits a width.
 * @param {string} text
 * @param {number} width in CSS pixels
 */
export function fitted(text, width) {
  const characters = [...text];
  let used = 0;
  let kept = 0;
  for (const character of characters) {
    used += widthOf(character);
    if (used > width) break;
    kept += 1;
  }
  if (kept === characters.length) return text;
  return kept < 2 ? '' : characters.slice(0, kept - 1).join('') + '…';
}
