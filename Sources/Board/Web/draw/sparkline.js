import { brokenLine, linear, round } from './scale.js';
import { drawing, svg } from './svg.js';

/**
 * The points of a sparkline; null where nothing is known.
 * @param {(number | null)[]} values
 * @param {{width: number, height: number, low?: number, high?: number}} size
 */
export function sparklinePoints(values, size) {
  const known = values.flatMap((value) => (value === null ? [] : [value]));
  const low = size.low ?? Math.min(...known);
  const high = size.high ?? Math.max(...known);
  const x = linear(0, Math.max(1, values.length - 1), 2, size.width - 3);
  const y = linear(low, high === low ? low + 1 : high, size.height - 3, 3);
  return values.map((value, place) => (value === null ? null : { x: x(place), y: y(value) }));
}

/**
 * A small line without axes; gaps stay open and the last known value has a dot.
 * @param {(number | null)[]} values
 * @param {{label: string, description?: string, width?: number, height?: number, low?: number, high?: number}} options
 * @returns {SVGSVGElement}
 */
export function sparkline(values, options) {
  const width = options.width ?? 120;
  const height = options.height ?? 28;
  const root = drawing({ width, height, label: options.label, description: options.description, class: 'sparkline' });
  if (!values.some((value) => value !== null)) {
    root.append(svg('line', { x1: 2, x2: width - 3, y1: height / 2, y2: height / 2, class: 'no-data-line' }));
    return root;
  }
  const points = sparklinePoints(values, { width, height, low: options.low, high: options.high });
  root.append(svg('path', { d: brokenLine(points), class: 'line', fill: 'none' }));
  const last = points.filter((point) => point !== null).pop();
  if (last) root.append(svg('circle', { cx: round(last.x), cy: round(last.y), r: 2.5, class: 'dot' }));
  return root;
}
