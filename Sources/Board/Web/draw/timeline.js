import { timeAxis } from './bars.js';
import { linear, milliseconds, round } from './scale.js';
import { drawing, fitted, hatch, svg, uniqueID } from './svg.js';

/**
 * @typedef {'working' | 'idle' | 'absent' | 'unknown'} State
 */

/**
 * @typedef {object} Interval an interval of `GET /api/explain` (SPEC 5.9), or what lies between two
 * @property {State} state
 * @property {string} from @property {string} to
 * @property {string} [workstation_id]
 * @property {string} [position]
 * @property {string} [created_at]
 * @property {number} [events]
 */

/**
 * @typedef {object} Count a `product_count` event of `GET /api/explain`
 * @property {string} timestamp
 * @property {number} count
 */

/**
 * @typedef {object} TimelineRow
 * @property {string} id
 * @property {string} label shown at the left; empty where the line is the only one
 * @property {Interval[]} intervals by time, disjoint
 * @property {Count[]} [counts]
 * @property {boolean} [isPart] whether what lies between the intervals is elsewhere, and not unknown
 */

/**
 * @typedef {object} TimelineOptions
 * @property {string} label
 * @property {string} [description]
 * @property {string} from @property {string} to the window
 * @property {string} [end] where knowledge ends, if before `to`: what is later is the future, not a gap
 * @property {number} width in CSS pixels
 * @property {string} zone IANA name
 * @property {(time: number) => string} time a time of day
 * @property {(time: number) => string} date a day
 * @property {(milliseconds: number) => string} duration
 * @property {Record<State, string>} words
 * @property {(place: Interval) => string} [detail] more words about an interval
 * @property {{row: string, from: string}} [selected]
 * @property {(row: TimelineRow, interval: Interval) => void} [onSelect]
 * @property {(from: number, to: number) => void} [onZoom]
 */

const rowHeight = 40;
const barHeight = 30;
const axisHeight = 26;
/** Rows with more items draw those that nobody could hit as one shape for each state. */
const crowdedItems = 800;
const hitPixels = 0.6;

/**
 * Intervals with the stretches between them, which nothing was observed in; a gap is an item of its own, so that it is
 * drawn, reached by the keyboard and read out like the others.
 * @param {Interval[]} intervals by time, disjoint
 * @param {string} from @param {string} end
 * @returns {Interval[]}
 */
export function withGaps(intervals, from, end) {
  /** @type {Interval[]} */
  const items = [];
  let reached = from;
  for (const interval of intervals) {
    if (milliseconds(interval.from) > milliseconds(reached)) {
      items.push({ state: 'unknown', from: reached, to: interval.from });
    }
    items.push(interval);
    if (milliseconds(interval.to) > milliseconds(reached)) reached = interval.to;
  }
  if (milliseconds(end) > milliseconds(reached)) items.push({ state: 'unknown', from: reached, to: end });
  return items;
}

/**
 * A window half or twice as long around the same middle, or moved by half its length.
 * @param {number} from @param {number} to @param {'in' | 'out' | 'left' | 'right'} how
 * @returns {{from: number, to: number}}
 */
export function zoomed(from, to, how) {
  const half = (to - from) / 2;
  switch (how) {
    case 'in': return { from: from + half / 2, to: to - half / 2 };
    case 'out': return { from: from - half, to: to + half };
    case 'left': return { from: from - half, to: to - half };
    case 'right': return { from: from + half, to: to + half };
  }
}

/**
 * What people did over time: one row each. Working is a full bar, idle a low one, absence is hatched, and where
 * nothing was observed there is an outline, so that the four differ without colour too.
 *
 * One stop of the Tab key; arrows go from interval to interval and between rows, Home and End to the ends, Enter selects,
 * + and − zoom, Shift with an arrow moves the window. A pointer selects by a click and zooms by dragging.
 * @param {TimelineRow[]} rows
 * @param {TimelineOptions} options
 * @returns {SVGSVGElement}
 */
export function timeline(rows, options) {
  const labelled = rows.some((row) => row.label !== '');
  const left = labelled ? Math.min(150, options.width * 0.28) : 2;
  const frame = { left, right: options.width - 2, top: 4, bottom: 4 + Math.max(1, rows.length) * rowHeight };
  const x = linear(milliseconds(options.from), milliseconds(options.to), frame.left, frame.right);
  const absent = uniqueID('absent');
  const root = drawing(
    {
      width: options.width, height: frame.bottom + axisHeight, label: options.label, description: options.description,
      role: 'group', class: 'timeline',
    },
    svg('defs', {}, hatch(absent, 'hatch-absent')),
    timeAxis(milliseconds(options.from), milliseconds(options.to), x, frame, options),
  );
  /** @type {Item[][]} */
  const grid = rows.map((row, place) => drawnRow(row, frame.top + place * rowHeight, x, absent, options, root));
  const future = x(milliseconds(options.end ?? options.to));
  if (future < frame.right - 1) {
    root.append(svg('line', { x1: round(future), x2: round(future), y1: frame.top, y2: frame.bottom, class: 'now' }));
  }
  // Marks lie above all intervals, so that no neighbour covers them.
  const marks = svg('g', { class: 'marks', 'aria-hidden': 'true' });
  const chosen = grid.flat().find(({ element }) => element.classList.contains('selected'));
  if (chosen) marks.append(frameOf(chosen, 'selection'));
  root.append(marks);
  listen(root, grid, marks, frame, options);
  return root;
}

/**
 * @typedef {{row: TimelineRow, interval: Interval, element: SVGGElement}} Item
 */

/**
 * @param {TimelineRow} row @param {number} top @param {(time: number) => number} x @param {string} absent
 * @param {TimelineOptions} options @param {SVGSVGElement} root
 * @returns {Item[]}
 */
function drawnRow(row, top, x, absent, options, root) {
  const end = options.end ?? options.to;
  const all = row.isPart ? row.intervals : withGaps(row.intervals, options.from, end);
  if (row.label !== '') {
    const room = x(milliseconds(options.from)) - 8;
    const title = svg('title', {}, row.label);
    root.append(svg('text', { x: 0, y: top + 20, class: 'row-label' }, title, fitted(row.label, room)));
  }
  const isThin = (/** @type {Interval} */ one) =>
    all.length > crowdedItems && x(milliseconds(one.to)) - x(milliseconds(one.from)) < hitPixels;
  for (const [state, path] of thinShapes(all.filter(isThin), top, x)) {
    root.append(svg('path', { d: path, class: `thin ${state}` }));
  }
  const items = all.filter((one) => !isThin(one)).map((interval) => {
    const element = drawnInterval(row, interval, top, x, absent, options);
    root.append(element);
    return { row, interval, element };
  });
  for (const { timestamp, count } of row.counts ?? []) {
    const at = round(x(milliseconds(timestamp)));
    const foot = top + barHeight + 2;
    root.append(svg('line', { x1: at, x2: at, y1: foot, y2: foot + 1 + Math.min(5, count), class: 'count' }));
  }
  return items;
}

/**
 * An outline around an interval.
 * @param {Item} item @param {string} className
 */
function frameOf({ element }, className) {
  const hit = element.querySelector('.hit');
  const number = (/** @type {string} */ name) => Number(hit?.getAttribute(name) ?? 0);
  return svg('rect', {
    x: number('x') - 2, y: number('y') - 2, width: number('width') + 4, height: number('height') + 4, rx: 2,
    class: className,
  });
}

/** @type {Record<State, {top: number, height: number}>} */
const shapes = {
  working: { top: 0, height: barHeight },
  idle: { top: barHeight / 2, height: barHeight / 2 },
  absent: { top: 0, height: barHeight },
  unknown: { top: 0, height: barHeight },
};

/**
 * One path for each state of intervals that are too thin to be hit: a year has twenty thousand of them.
 * @param {Interval[]} intervals @param {number} top @param {(time: number) => number} x
 * @returns {Map<State, string>}
 */
export function thinShapes(intervals, top, x) {
  /** @type {Map<State, string>} */
  const paths = new Map();
  for (const { state, from, to } of intervals) {
    if (state === 'unknown') continue;
    const left = x(milliseconds(from));
    const width = Math.max(0.1, round(x(milliseconds(to)) - left));
    const shape = shapes[state];
    const path = `M${round(left)} ${top + shape.top}h${width}v${shape.height}h${-width}z`;
    paths.set(state, (paths.get(state) ?? '') + path);
  }
  return paths;
}

/**
 * @param {TimelineRow} row @param {Interval} interval @param {number} top @param {(time: number) => number} x
 * @param {string} absent @param {TimelineOptions} options
 */
function drawnInterval(row, interval, top, x, absent, options) {
  const from = milliseconds(interval.from);
  const to = milliseconds(interval.to);
  const left = x(from);
  const width = Math.max(0.75, x(to) - left);
  const shape = shapes[interval.state];
  const isSelected = options.selected?.row === row.id && options.selected.from === interval.from;
  const words = description(row, interval, options);
  const inset = interval.state === 'unknown' && width > 3 ? 0.5 : 0;
  return svg(
    'g',
    {
      class: `interval ${interval.state}${isSelected ? ' selected' : ''}`, role: 'button', tabindex: -1,
      'aria-label': words, 'aria-pressed': isSelected ? 'true' : 'false', 'data-key': `${row.id} ${interval.from}`,
    },
    svg('title', {}, words),
    // The whole height can be hit, whatever the shape covers.
    svg('rect', { x: round(left), y: top, width: round(width), height: barHeight, class: 'hit' }),
    svg('rect', {
      x: round(left + inset), y: top + shape.top + inset, width: round(Math.max(0.75, width - 2 * inset)),
      height: shape.height - 2 * inset, class: 'shape', fill: interval.state === 'absent' ? `url(#${absent})` : null,
    }),
  );
}

/** @param {TimelineRow} row @param {Interval} interval @param {TimelineOptions} options */
function description(row, interval, options) {
  const from = milliseconds(interval.from);
  const to = milliseconds(interval.to);
  // A stretch over midnight says which days it joins.
  const days = options.date(from) === options.date(to)
    ? `${options.time(from)}–${options.time(to)}`
    : `${options.date(from)} ${options.time(from)} – ${options.date(to)} ${options.time(to)}`;
  const parts = [options.words[interval.state], days, options.duration(to - from)];
  const detail = options.detail?.(interval);
  if (detail) parts.push(detail);
  return (row.label === '' ? '' : `${row.label}: `) + parts.join(', ');
}

/**
 * @param {SVGSVGElement} root @param {Item[][]} grid @param {SVGGElement} marks
 * @param {{left: number, right: number, top: number, bottom: number}} frame @param {TimelineOptions} options
 */
function listen(root, grid, marks, frame, options) {
  const filled = grid.filter((items) => items.length > 0);
  const dragged = drag(root, frame, options);
  if (filled.length === 0) return;
  let current = filled.flat().find(({ element }) => element.classList.contains('selected')) ?? filled[0][0];
  current.element.setAttribute('tabindex', '0');

  /** @param {Item | undefined} next */
  const go = (next) => {
    if (!next) return;
    current.element.setAttribute('tabindex', '-1');
    current = next;
    current.element.setAttribute('tabindex', '0');
    current.element.focus();
  };
  /** @param {EventTarget | null} target */
  const itemOf = (target) => filled.flat().find(({ element }) => target instanceof Node && element.contains(target));

  root.addEventListener('keydown', (event) => {
    const next = moved(filled, current, event.key);
    const zoom = zoomKey(event);
    if (zoom && options.onZoom) {
      const window = zoomed(milliseconds(options.from), milliseconds(options.to), zoom);
      options.onZoom(window.from, window.to);
    } else if (next && !event.shiftKey) {
      go(next);
    } else if (event.key === 'Enter' || event.key === ' ') {
      options.onSelect?.(current.row, current.interval);
    } else {
      return;
    }
    event.preventDefault();
  });
  // Focus may also come from outside, e.g. back to where it was before a new drawing.
  root.addEventListener('focusin', (event) => {
    const item = itemOf(event.target);
    if (!item) return;
    marks.querySelector('.focus')?.remove();
    if (item.element.matches(':focus-visible')) marks.append(frameOf(item, 'focus'));
    if (item === current) return;
    current.element.setAttribute('tabindex', '-1');
    current = item;
    current.element.setAttribute('tabindex', '0');
  });
  root.addEventListener('focusout', () => marks.querySelector('.focus')?.remove());
  root.addEventListener('click', (event) => {
    const item = itemOf(event.target);
    if (!item || dragged()) return;
    go(item);
    options.onSelect?.(item.row, item.interval);
  });
}

/**
 * Where a key leads from an item; undefined if it is no such key or there is nothing there.
 * @param {Item[][]} grid @param {Item} current @param {string} key
 * @returns {Item | undefined}
 */
function moved(grid, current, key) {
  const row = grid.findIndex((items) => items.includes(current));
  const place = grid[row].indexOf(current);
  switch (key) {
    case 'ArrowLeft': return grid[row][place - 1];
    case 'ArrowRight': return grid[row][place + 1];
    case 'Home': return grid[row][0];
    case 'End': return grid[row][grid[row].length - 1];
    case 'ArrowUp': return nearest(grid[row - 1], current);
    case 'ArrowDown': return nearest(grid[row + 1], current);
    default: return undefined;
  }
}

/** @param {Item[] | undefined} items @param {Item} current */
function nearest(items, current) {
  const from = milliseconds(current.interval.from);
  return items?.filter((item) => milliseconds(item.interval.from) <= from).pop() ?? items?.[0];
}

/** @param {KeyboardEvent} event @returns {'in' | 'out' | 'left' | 'right' | undefined} */
function zoomKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  if (event.key === '+' || event.key === '=') return 'in';
  if (event.key === '-' || event.key === '_') return 'out';
  if (event.shiftKey && event.key === 'ArrowLeft') return 'left';
  if (event.shiftKey && event.key === 'ArrowRight') return 'right';
  return undefined;
}

/**
 * Zooms to what a pointer drags over; returns a question whether the last press was a drag.
 * @param {SVGSVGElement} root @param {{left: number, right: number, top: number, bottom: number}} frame
 * @param {TimelineOptions} options
 */
function drag(root, frame, options) {
  const time = linear(frame.left, frame.right, milliseconds(options.from), milliseconds(options.to));
  const band = svg('rect', { y: frame.top, height: frame.bottom - frame.top, class: 'band', width: 0 });
  let start = NaN;
  let wasDrag = false;
  /** @param {PointerEvent} event */
  const place = (event) => {
    const box = root.getBoundingClientRect();
    const scale = box.width === 0 ? 1 : options.width / box.width;
    return Math.min(frame.right, Math.max(frame.left, (event.clientX - box.left) * scale));
  };
  root.addEventListener('pointerdown', (event) => {
    wasDrag = false;
    if (event.button !== 0 || event.pointerType === 'touch' || !options.onZoom) return;
    start = place(event);
  });
  root.addEventListener('pointermove', (event) => {
    if (Number.isNaN(start) || Math.abs(place(event) - start) < 8) return;
    wasDrag = true;
    if (!band.parentNode) {
      root.append(band);
      root.setPointerCapture(event.pointerId);
    }
    band.setAttribute('x', String(Math.min(start, place(event))));
    band.setAttribute('width', String(Math.abs(place(event) - start)));
  });
  root.addEventListener('pointerup', (event) => {
    const end = place(event);
    if (wasDrag) options.onZoom?.(time(Math.min(start, end)), time(Math.max(start, end)));
    start = NaN;
    band.remove();
  });
  root.addEventListener('pointercancel', () => {
    start = NaN;
    band.remove();
  });
  return () => wasDrag;
}
