import { linear, milliseconds, round } from './scale.js';
import { drawing, fitted, svg } from './svg.js';

/**
 * @typedef {object} StripHandover an item of SPEC 5.6
 * @property {string} at
 * @property {number | null} dip_percentage
 */

/**
 * @typedef {object} StripShift an item of `GET /api/metrics/shifts` (SPEC 5.5)
 * @property {string} shift
 * @property {string} from
 * @property {string} to
 * @property {string} status
 * @property {number} total_production_count
 * @property {number | null} target_variance_percentage
 * @property {StripHandover | null} [handover]
 */

/**
 * @typedef {object} StripOptions
 * @property {string} label
 * @property {string} [description]
 * @property {string} from @property {string} to the window
 * @property {number} width in CSS pixels
 * @property {(time: number) => string} time a time of day
 * @property {(value: number) => string} percent a signed percentage
 * @property {(value: number) => string} units
 * @property {{handover: string, units: string}} words
 */

const top = 22;
const height = 34;

/**
 * Puts overlapping shifts into rows of their own.
 * @param {StripShift[]} shifts
 * @returns {number[]} the row of each shift
 */
export function stripRows(shifts) {
  /** @type {number[]} end of the last shift in each row */
  const ends = [];
  return shifts.map((shift) => {
    const from = milliseconds(shift.from);
    let row = ends.findIndex((end) => end <= from);
    if (row < 0) row = ends.length;
    ends[row] = milliseconds(shift.to);
    return row;
  });
}

/**
 * The shifts of a window as a strip, with the dip of units at every handover.
 * @param {StripShift[]} shifts by start
 * @param {StripOptions} options
 * @returns {SVGSVGElement}
 */
export function strip(shifts, options) {
  const rows = stripRows(shifts);
  const rowCount = Math.max(1, ...rows.map((row) => row + 1));
  const x = linear(milliseconds(options.from), milliseconds(options.to), 1, options.width - 1);
  const root = drawing({
    width: options.width, height: top + rowCount * (height + 4) + 16, label: options.label,
    description: options.description, class: 'strip',
  });
  let labelEnd = -Infinity;
  shifts.forEach((shift, place) => {
    root.append(block(shift, rows[place], x, options));
    const mark = handoverMark(shift, x, options, labelEnd, rowCount);
    if (mark) {
      root.append(mark.element);
      labelEnd = mark.end;
    }
  });
  return root;
}

/** @param {StripShift} shift @param {number} row @param {(time: number) => number} x @param {StripOptions} options */
function block(shift, row, x, options) {
  const left = x(milliseconds(shift.from));
  const width = Math.max(1, x(milliseconds(shift.to)) - left);
  const y = top + row * (height + 4);
  const variance = shift.target_variance_percentage;
  const units = `${options.units(shift.total_production_count)} ${options.words.units}`;
  const figures = variance === null ? units : `${units} · ${options.percent(variance)}`;
  const tone = variance === null ? 'plain' : variance < 0 ? 'below' : 'above';
  return svg(
    'g',
    { class: `shift ${tone} ${shift.status === 'running' ? 'running' : ''}` },
    svg('title', {}, `${shift.shift} ${span(shift, options)}: ${figures}`),
    svg('rect', { x: round(left), y, width: round(width - 1), height, rx: 3, class: 'block' }),
    svg('rect', { x: round(left), y, width: Math.min(4, round(width - 1)), height, class: 'edge' }),
    svg('text', { x: round(left + 9), y: y + 14, class: 'name' }, fitted(shift.shift, width - 14)),
    svg('text', { x: round(left + 9), y: y + 28, class: 'figures' }, fitted(figures, width - 14)),
  );
}

/** @param {StripShift} shift @param {StripOptions} options */
function span(shift, options) {
  return `${options.time(milliseconds(shift.from))}–${options.time(milliseconds(shift.to))}`;
}

/**
 * @param {StripShift} shift @param {(time: number) => number} x @param {StripOptions} options
 * @param {number} labelEnd where the label before this one ends
 * @param {number} rowCount
 */
function handoverMark(shift, x, options, labelEnd, rowCount) {
  const at = shift.handover ? milliseconds(shift.handover.at) : NaN;
  const isInside = at >= milliseconds(options.from) && at < milliseconds(options.to);
  if (!shift.handover || !isInside || shift.handover.dip_percentage === null) return null;
  const dip = shift.handover.dip_percentage;
  // What is shown is the change of the rate, so a dip of 30 % reads −30 %.
  const change = options.percent(dip === 0 ? 0 : -dip);
  const left = x(at);
  const width = change.length * 6.6 + 14;
  const start = Math.min(Math.max(0, left - 5), options.width - width);
  const bottom = top + rowCount * (height + 4);
  const words = `${options.words.handover} ${options.time(at)}: ${change}`;
  const tone = dip >= 10 ? 'dip' : 'even';
  const marks = [
    svg('title', {}, words),
    svg('line', { x1: round(left), x2: round(left), y1: top - 4, y2: bottom, class: 'mark' }),
  ];
  const hasRoom = start >= labelEnd;
  if (hasRoom) {
    const sign = dip > 0 ? '▼' : '▲';
    marks.push(svg('text', { x: round(start), y: 13, class: 'change' }, `${sign} ${change}`));
  }
  const place = Math.min(left, options.width - 34);
  marks.push(svg('text', { x: round(place), y: bottom + 12, class: 'time' }, options.time(at)));
  return { element: svg('g', { class: `handover ${tone}` }, ...marks), end: hasRoom ? start + width : labelEnd };
}
