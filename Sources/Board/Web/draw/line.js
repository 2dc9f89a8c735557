import { timeAxis, valueAxis } from './bars.js';
import { brokenLine, linear, milliseconds, round } from './scale.js';
import { drawing, svg } from './svg.js';

/**
 * @typedef {object} LinePoint
 * @property {string} at
 * @property {number | null} value null: nothing is known
 * @property {string} [text] what a pointer over it shows; default: time and value
 */

/**
 * @typedef {object} Line
 * @property {string} name a class of the style sheet: `line-NAME`
 * @property {LinePoint[]} points by time
 * @property {boolean} [dots] a dot at each point
 */

/**
 * @typedef {object} LineOptions
 * @property {string} label
 * @property {string} [description]
 * @property {number} width in CSS pixels
 * @property {number} [height]
 * @property {string} from @property {string} to the window
 * @property {number} low @property {number} high ends of the value axis
 * @property {number[]} ticks values that have a line across
 * @property {{from: number, to: number, name: string}[]} [bands] stretches of values with a ground of their own
 * @property {number} [gapMilliseconds] points further apart than this are not joined
 * @property {string} zone IANA name
 * @property {(time: number) => string} time a time of day
 * @property {(time: number) => string} date a day
 * @property {(value: number) => string} value
 */

/**
 * Lines over a time axis, with bands behind them. Where nothing is known the line is open.
 * @param {Line[]} lines
 * @param {LineOptions} options
 * @returns {SVGSVGElement}
 */
export function line(lines, options) {
  const height = options.height ?? 180;
  const frame = { left: 44, right: options.width - 8, top: 10, bottom: height - 22 };
  const from = milliseconds(options.from);
  const to = milliseconds(options.to);
  const x = linear(from, to, frame.left, frame.right);
  const y = linear(options.low, options.high, frame.bottom, frame.top);
  const root = drawing({
    width: options.width, height, label: options.label, description: options.description, class: 'lines',
  });
  for (const band of options.bands ?? []) {
    const top = y(Math.min(band.to, options.high));
    const bottom = y(Math.max(band.from, options.low));
    if (bottom <= top) continue;
    root.append(svg('rect', {
      x: frame.left, y: round(top), width: frame.right - frame.left, height: round(bottom - top),
      class: `band ${band.name}`,
    }));
  }
  root.append(valueAxis(options.ticks, y, frame, options.value), timeAxis(from, to, x, frame, options));
  for (const one of lines) {
    const path = brokenLine(placed(one.points, x, y, options));
    root.append(svg('path', { d: path, class: `line line-${one.name}`, fill: 'none' }));
    if (one.dots) root.append(dots(one, x, y, options));
  }
  return root;
}

/**
 * Points on the screen, with a null wherever the line has to break.
 * @param {LinePoint[]} points @param {(time: number) => number} x @param {(value: number) => number} y
 * @param {{low: number, high: number, gapMilliseconds?: number}} options
 */
export function placed(points, x, y, options) {
  /** @type {({x: number, y: number} | null)[]} */
  const result = [];
  let before = NaN;
  for (const { at, value } of points) {
    const time = milliseconds(at);
    if (options.gapMilliseconds !== undefined && time - before > options.gapMilliseconds) result.push(null);
    const shown = value === null ? null : Math.min(options.high, Math.max(options.low, value));
    result.push(shown === null ? null : { x: x(time), y: y(shown) });
    before = time;
  }
  return result;
}

/** @param {Line} one @param {(time: number) => number} x @param {(value: number) => number} y @param {LineOptions} options */
function dots(one, x, y, options) {
  const group = svg('g', { class: `dots line-${one.name}` });
  for (const { at, value, text } of one.points) {
    if (value === null) continue;
    const time = milliseconds(at);
    const level = y(Math.min(options.high, Math.max(options.low, value)));
    group.append(svg(
      'circle', { cx: round(x(time)), cy: round(level), r: 2.5 },
      svg('title', {}, text ?? `${options.date(time)} ${options.time(time)}: ${options.value(value)}`)));
  }
  return group;
}
