import { confidenceSigns } from './heatmap.js';
import { hatch, svg, uniqueID } from './svg.js';

/**
 * A list that explains the looks of a drawing.
 * @param {{swatch: Element, text: string}[]} items
 */
function list(items) {
  const made = document.createElement('ul');
  made.className = 'draw-legend';
  for (const { swatch, text } of items) {
    const item = document.createElement('li');
    const words = document.createElement('span');
    words.textContent = text;
    item.append(swatch, words);
    made.append(item);
  }
  return made;
}

/** @param {string} className @param {string} sign */
function cell(className, sign) {
  const made = document.createElement('span');
  made.className = `swatch cell ${className}`;
  made.textContent = sign;
  made.setAttribute('aria-hidden', 'true');
  return made;
}

/**
 * The four states of a time line.
 * @param {Record<'working' | 'idle' | 'absent' | 'unknown', string>} words
 */
export function stateLegend(words) {
  const states = /** @type {const} */ (['working', 'idle', 'absent', 'unknown']);
  return list(states.map((state) => {
    const id = uniqueID('legend');
    const half = state === 'idle';
    const swatch = svg(
      'svg', { width: 18, height: 14, class: 'swatch timeline', 'aria-hidden': 'true', focusable: 'false' },
      svg('defs', {}, hatch(id, 'hatch-absent')),
      svg('g', { class: `interval ${state}` }, svg('rect', {
        x: 0.5, y: half ? 7 : 0.5, width: 17, height: half ? 6.5 : 13, class: 'shape',
        fill: state === 'absent' ? `url(#${id})` : null,
      })));
    return { swatch, text: words[state] };
  }));
}

/**
 * The three steps of confidence.
 * @param {{healthy: string, warning: string, critical: string, none: string}} words
 */
export function confidenceLegend(words) {
  const steps = /** @type {const} */ (['healthy', 'warning', 'critical', 'none']);
  return list(steps.map((step) => ({ swatch: cell(step, confidenceSigns[step]), text: words[step] })));
}

/**
 * The five shades of a percentage.
 * @param {{range: (from: number, to: number) => string, above: (from: number) => string, none: string}} words
 */
export function percentageLegend(words) {
  const shades = [0, 1, 2, 3, 4].map((shade) => ({
    swatch: cell(`shade-${shade}`, ''),
    text: shade === 4 ? words.above(80) : words.range(shade * 20, shade * 20 + 20),
  }));
  return list([...shades, { swatch: cell('none', ''), text: words.none }]);
}
