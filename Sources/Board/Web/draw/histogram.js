import { valueAxis } from './bars.js';
import { confidenceStep, fitting, linear, round, valueTicks } from './scale.js';
import { drawing, svg } from './svg.js';

/**
 * The histogram of confidences (SPEC 6.1): equal bins from 0 to 1, coloured by the step that they lie in.
 * @param {number[]} counts
 * @param {{label: string, description?: string, width: number, height?: number, value: (value: number) => string,
 *   edge: (value: number) => string}} options
 * @returns {SVGSVGElement}
 */
export function histogram(counts, options) {
  const height = options.height ?? 130;
  const frame = { left: 52, right: options.width - 8, top: 10, bottom: height - 22 };
  const ticks = valueTicks(Math.max(0, ...counts));
  const x = linear(0, Math.max(1, counts.length), frame.left, frame.right);
  const y = linear(0, ticks[ticks.length - 1], frame.bottom, frame.top);
  const root = drawing({
    width: options.width, height, label: options.label, description: options.description, class: 'histogram',
  });
  root.append(valueAxis(ticks, y, frame, options.value));
  counts.forEach((count, bin) => {
    const from = bin / counts.length;
    const to = (bin + 1) / counts.length;
    const top = count === 0 ? frame.bottom : Math.min(y(count), frame.bottom - 1);
    root.append(svg(
      'rect',
      {
        x: round(x(bin) + 1), y: round(top), width: round(Math.max(1, x(bin + 1) - x(bin) - 2)),
        height: round(frame.bottom - top), class: `bin ${confidenceStep((from + to) / 2)}`,
      },
      svg('title', {}, `${options.edge(from)}–${options.edge(to)}: ${options.value(count)}`)));
  });
  const axis = svg('g', { class: 'axis', 'aria-hidden': 'true' });
  // The ends and the edges of the steps matter most where there is little room.
  const labels = [0, 1, 0.75, 0.85, 0.5, 0.25].map((share) => ({
    at: round(x(share * counts.length)), text: options.edge(share),
    anchor: /** @type {'start' | 'middle' | 'end'} */ (share === 0 ? 'start' : share === 1 ? 'end' : 'middle'),
  }));
  const shown = fitting(labels);
  labels.forEach(({ at, text, anchor }, place) => {
    axis.append(svg('line', { x1: at, x2: at, y1: frame.bottom, y2: frame.bottom + 4, class: 'grid' }));
    if (shown[place]) axis.append(svg('text', { x: at, y: frame.bottom + 16, 'text-anchor': anchor }, text));
  });
  root.append(axis);
  return root;
}
