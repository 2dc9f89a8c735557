/**
 * What the time lines of a worker and of a station share: the window, zooming, the chosen interval and what is behind it.
 * @module
 */
import { fit } from '../draw/fit.js';
import { stateLegend } from '../draw/legend.js';
import { timeline, zoomed } from '../draw/timeline.js';
import { fill, h } from '../lib/dom.js';
import { localText, span } from '../lib/format.js';
import { Panel } from '../lib/panel.js';
import { go, keep, state } from '../lib/state.js';
import { named, t } from '../lib/text.js';
import { axis } from './axis.js';
import { evidence } from './evidence.js';
import { keepingFocus } from './parts.js';

/** @typedef {import('../draw/timeline.js').TimelineRow} TimelineRow */
/** @typedef {import('../draw/timeline.js').Interval} Interval */

const minute = 60_000;
const longest = 366 * 86_400_000;

/** The words of the four states. */
export function stateWords() {
  return {
    working: named('state', 'working'), idle: named('state', 'idle'), absent: named('state', 'absent'),
    unknown: t('timeline.unknown'),
  };
}

export class TimelinePanel extends Panel {
  constructor() {
    super();
    /** @private The interval whose evidence is shown. */
    this.chosen = '';
    /** @private */
    this.place = h('div', { class: 'evidence' });
    /** @private Whether the focus was in the drawing that the next one replaces. */
    this.hadFocus = false;
  }

  get showsLate() {
    return false;
  }

  controls() {
    const button = (/** @type {'in' | 'out' | 'left' | 'right'} */ how, /** @type {string} */ sign) =>
      h('button', {
        type: 'button', 'aria-label': t(/** @type {const} */ (`timeline.${how}`)), title: t(/** @type {const} */ (`timeline.${how}`)),
        dataset: { key: `zoom ${how}` }, onclick: (/** @type {MouseEvent} */ event) => keepingFocus(event, () => this.zoom(how)),
      }, sign);
    return h('div', { class: 'choice', role: 'group', 'aria-label': t('timeline.zoom') }, button('left', '←'), button('out', '−'), button('in', '+'), button('right', '→'));
  }

  /** @private @param {'in' | 'out' | 'left' | 'right'} how */
  zoom(how) {
    if (!this.answer) return;
    const { from, to } = this.window();
    const next = zoomed(Date.parse(from), Date.parse(to), how);
    this.showWindow(next.from, next.to);
  }

  /** @private @param {number} from @param {number} to */
  showWindow(from, to) {
    if (to - from < minute || to - from > longest) return;
    this.hadFocus = this.body.contains(document.activeElement);
    go({ period: null, from: localText(from), to: localText(to) });
  }

  /** The window of the newest answer. */
  window() {
    return { from: this.answer.meta.from, to: this.answer.meta.to };
  }

  refresh() {
    super.refresh();
    const chosen = state().more.interval ?? '';
    if (chosen === this.chosen) return;
    this.chosen = chosen;
    this.redraw();
  }

  /**
   * @param {TimelineRow[]} rows
   * @param {string} end where knowledge ends
   * @param {string} label
   */
  picture(rows, end, label) {
    const { from, to } = this.window();
    const words = stateWords();
    const chosen = this.find(rows, from, end);
    const draw = (/** @type {number} */ width) =>
      timeline(rows, {
        label, description: t('timeline.keys'), from, to, end, width, ...axis(), words,
        duration: (milliseconds) => span(milliseconds / 1000),
        detail: (interval) => interval.workstation_id ?? '',
        selected: chosen ? { row: chosen.row.id, from: chosen.interval.from } : undefined,
        onSelect: (row, interval) => keep('interval', `${row.id} ${interval.from}`),
        onZoom: (first, last) => this.showWindow(first, last),
      });
    const { place } = this;
    const key = JSON.stringify(chosen && [chosen.row.id, chosen.interval.from]);
    // Read out when another one is chosen, not whenever the one that still runs gets longer.
    place.setAttribute('aria-live', key === place.dataset.shown ? 'off' : 'polite');
    place.dataset.shown = key;
    if (chosen) fill(place, evidence(chosen.row, chosen.interval, { from, known_at: state().known_at }));
    else fill(place, h('p', { class: 'muted' }, t('timeline.choose')));
    const drawing = fit(draw, this.width);
    if (this.hadFocus) {
      this.hadFocus = false;
      requestAnimationFrame(() => /** @type {SVGElement | null} */ (drawing.querySelector('[tabindex="0"]'))?.focus());
    }
    return [drawing, stateLegend(words), place];
  }

  /** @private @param {TimelineRow[]} rows @param {string} from @param {string} end */
  find(rows, from, end) {
    const key = state().more.interval ?? '';
    for (const row of rows) {
      if (!key.startsWith(`${row.id} `)) continue;
      const at = key.slice(row.id.length + 1);
      const interval = row.intervals.find((one) => one.from === at);
      if (interval) return { row, interval };
      // A gap begins where the interval before it ends, or with the window.
      const before = row.intervals.filter((one) => Date.parse(one.to) <= Date.parse(at)).pop();
      if (row.isPart || (before ? before.to !== at : at !== from)) continue;
      const next = row.intervals.find((one) => Date.parse(one.from) > Date.parse(at));
      return { row, interval: /** @type {Interval} */ ({ state: 'unknown', from: at, to: next?.from ?? end }) };
    }
    return null;
  }
}

/**
 * Where knowledge of a window ends: its end, or the moment of the answer (E of SPEC 5.1).
 * @param {any} answer of `/api/explain`
 */
export function knownEnd(answer) {
  const end = Date.parse(answer.meta.from) + (answer.totals?.elapsed_us ?? 0) / 1000;
  return end < Date.parse(answer.meta.to) ? new Date(end).toISOString() : answer.meta.to;
}
