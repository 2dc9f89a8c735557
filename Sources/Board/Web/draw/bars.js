import { fitting, linear, milliseconds, round, timeTicks, valueTicks } from './scale.js';
import { drawing, svg } from './svg.js';

/**
 * @typedef {object} Bar
 * @property {string} from @property {string} to
 * @property {number | null} value null: nothing is known
 */

/**
 * @typedef {object} BarOptions
 * @property {string} label
 * @property {string} [description]
 * @property {number} width in CSS pixels
 * @property {number} [height]
 * @property {number} [most] top of the axis; default: a round value above the highest bar
 * @property {number | null} [target] drawn as a line across
 * @property {string} zone IANA name
 * @property {(time: number) => string} time a time of day
 * @property {(time: number) => string} date a day
 * @property {(value: number) => string} value
 * @property {string} noData words for a bar without a value
 */

/**
 * Bars over a time axis, e.g. the units of every hour. A bucket without a value is outlined, never a bar of 0.
 * @param {Bar[]} bars by time
 * @param {BarOptions} options
 * @returns {SVGSVGElement}
 */
export function bars(bars, options) {
  const height = options.height ?? 160;
  const root = drawing({
    width: options.width, height, label: options.label, description: options.description, class: 'bars',
  });
  if (bars.length === 0) return root;
  const frame = { left: 44, right: options.width - 4, top: 10, bottom: height - 22 };
  const from = milliseconds(bars[0].from);
  const to = milliseconds(bars[bars.length - 1].to);
  const highest = Math.max(0, options.target ?? 0, ...bars.map((bar) => bar.value ?? 0));
  const ticks = valueTicks(options.most ?? highest);
  const x = linear(from, to, frame.left, frame.right);
  const y = linear(0, ticks[ticks.length - 1], frame.bottom, frame.top);
  root.append(valueAxis(ticks, y, frame, options.value), timeAxis(from, to, x, frame, options));
  for (const bar of bars) root.append(column(bar, x, y, frame, options));
  if (options.target !== null && options.target !== undefined) {
    const level = round(y(options.target));
    root.append(svg('line', { x1: frame.left, x2: frame.right, y1: level, y2: level, class: 'target' }));
  }
  return root;
}

/**
 * @param {Bar} bar @param {(time: number) => number} x @param {(value: number) => number} y
 * @param {Frame} frame @param {BarOptions} options
 */
function column(bar, x, y, frame, options) {
  const left = x(milliseconds(bar.from));
  const width = Math.max(1, x(milliseconds(bar.to)) - left - 2);
  const when = `${options.date(milliseconds(bar.from))} ${options.time(milliseconds(bar.from))}`;
  if (bar.value === null) {
    return svg(
      'rect', { x: round(left + 1), y: frame.bottom - 6, width: round(width), height: 6, class: 'no-data' },
      svg('title', {}, `${when}: ${options.noData}`));
  }
  const top = y(bar.value);
  return svg(
    'rect',
    {
      x: round(left + 1), y: round(top), width: round(width), height: round(Math.max(0, frame.bottom - top)),
      class: 'bar',
    },
    svg('title', {}, `${when}: ${options.value(bar.value)}`));
}

/**
 * @typedef {{left: number, right: number, top: number, bottom: number}} Frame where values lie, in CSS pixels
 */

/**
 * Lines across, with their values at the left.
 * @param {number[]} ticks @param {(value: number) => number} y @param {Frame} frame @param {(value: number) => string} text
 */
export function valueAxis(ticks, y, frame, text) {
  const group = svg('g', { class: 'axis', 'aria-hidden': 'true' });
  for (const tick of ticks) {
    const level = round(y(tick));
    group.append(
      svg('line', { x1: frame.left, x2: frame.right, y1: level, y2: level, class: 'grid' }),
      svg('text', { x: frame.left - 6, y: level + 4, 'text-anchor': 'end' }, text(tick)),
    );
  }
  return group;
}

/**
 * Times below; a midnight shows its date.
 * @param {number} from @param {number} to @param {(time: number) => number} x @param {Frame} frame
 * @param {{zone: string, time: (time: number) => string, date: (time: number) => string}} options
 */
export function timeAxis(from, to, x, frame, options) {
  const group = svg('g', { class: 'axis', 'aria-hidden': 'true' });
  const room = Math.max(1, Math.floor((frame.right - frame.left) / 62));
  const ticks = timeTicks(from, to, options.zone, room);
  // Dates matter most: a time that would touch one is left out.
  const ordered = [...ticks.filter((tick) => tick.isMidnight), ...ticks.filter((tick) => !tick.isMidnight)];
  const labels = ordered.map(({ at, isMidnight }) => {
    const place = round(x(at));
    const anchor = place > frame.right - 20 ? 'end' : place < frame.left + 20 ? 'start' : 'middle';
    return { at: place, anchor: /** @type {'start' | 'middle' | 'end'} */ (anchor), text: isMidnight ? options.date(at) : options.time(at) };
  });
  const shown = fitting(labels);
  labels.forEach(({ at, anchor, text }, place) => {
    const { isMidnight } = ordered[place];
    group.append(svg('line', {
      x1: at, x2: at, y1: frame.top, y2: frame.bottom + 4, class: isMidnight ? 'midnight' : 'grid',
    }));
    if (!shown[place]) return;
    group.append(svg(
      'text', { x: at, y: frame.bottom + 16, 'text-anchor': anchor, class: isMidnight ? 'date' : null }, text));
  });
  return group;
}
