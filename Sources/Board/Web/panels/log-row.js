/**
 * A row of the event log. While somebody scrolls, rows that leave the view take the events that come into it: nothing is
 * built, and only what differs is written.
 * @module
 */
import { h } from '../lib/dom.js';
import { confidence, date, exactTime, number, shortDate, span } from '../lib/format.js';
import { link } from '../lib/state.js';
import { counted, named, t } from '../lib/text.js';

export const rowPixels = 32;
/** Events this much later than they happened are called late. */
const lateSeconds = 60;
/** An id of so many letters fits into the narrowest column. */
const shortest = 9;
const signs = { low: '▼', middle: '◆', high: '▲' };

/** @param {number} value */
function level(value) {
  return value < 0.75 ? 'low' : value <= 0.85 ? 'middle' : 'high';
}

export class LogRow {
  /** @type {any} the event that is shown; undefined: none yet */
  item = undefined;
  index = -1;
  today = '';
  query = '';

  constructor() {
    /** @private @type {Map<Node, string>} */
    this.written = new Map();
    const cell = (/** @type {import('../lib/dom.js').Child[]} */ ...children) => h('span', { role: 'cell' }, children);
    this.time = document.createTextNode('');
    this.late = h('span', { class: 'badge late', hidden: true });
    this.worker = h('a', { tabindex: '-1' });
    this.station = h('a', { tabindex: '-1' });
    this.what = h('span', { class: 'badge' });
    this.confidence = h('span', { class: 'confidence' });
    this.low = h('span', { class: 'badge late', hidden: true }, t('log.low'));
    this.element = h(
      'div', { class: 'log-row', role: 'row' }, cell(this.time), cell(this.worker), cell(this.station), cell(this.what),
      cell(this.confidence), cell(this.late, this.low),
    );
  }

  /**
   * @param {any} one the event; undefined while it has not come yet
   * @param {number} index among all events
   * @param {string} today the date of now, as it is written
   * @param {string} query of the address, with which its links go on
   */
  show(one, index, today, query) {
    if (this.index !== index) this.element.setAttribute('aria-rowindex', String(index + 2));
    this.index = index;
    if (one && this.item === one && this.today === today && this.query === query) return;
    if (this.query !== query) for (const link of [this.worker, this.station]) link.removeAttribute('href');
    this.item = one;
    this.today = today;
    this.query = query;
    if (!one) return this.wait();
    const lag = (Date.parse(one.created_at) - Date.parse(one.timestamp)) / 1000;
    const day = date(one.timestamp) === today ? '' : `${shortDate(one.timestamp)} `;
    this.write(this.time, day + exactTime(one.timestamp));
    this.late.hidden = !(lag > lateSeconds);
    if (!this.late.hidden) this.write(this.late, t('log.late', { age: span(lag) }));
    this.lead(this.worker, one.worker_id, () => link({ page: 'worker', worker: one.worker_id }));
    this.lead(this.station, one.workstation_id, () => link({ page: 'station', station: one.workstation_id }));
    const isCount = one.event_type === 'product_count';
    this.write(this.what, isCount ? counted('log.units', one.count ?? 1, number(one.count ?? 1)) : named('event', one.event_type));
    this.style(this.what, `badge state-${one.event_type}`);
    const step = level(one.confidence);
    this.write(this.confidence, `${signs[step]} ${confidence(one.confidence)}`);
    this.style(this.confidence, `confidence confidence-${step}`);
    this.low.hidden = !one.low_confidence;
  }

  /** Says that its event is on the way. @private */
  wait() {
    for (const one of [this.worker, this.station]) one.removeAttribute('href');
    for (const one of [this.worker, this.station, this.what, this.confidence]) this.write(one, '');
    this.style(this.what, '');
    this.late.hidden = this.low.hidden = true;
    this.write(this.time, '…');
  }

  /** @private @param {HTMLElement} element @param {string} name */
  style(element, name) {
    if (element.className !== name) element.className = name;
  }

  /** @private @param {HTMLElement | Text} node @param {string} text */
  write(node, text) {
    if (this.written.get(node) === text) return;
    this.written.set(node, text);
    const inner = node.firstChild ?? node;
    // One text that changes is less work than one that replaces another.
    if (inner instanceof Text) inner.data = text;
    else node.textContent = text;
  }

  /** @private @param {HTMLAnchorElement} anchor @param {string} id @param {() => string} address */
  lead(anchor, id, address) {
    if (this.written.get(anchor) === id && anchor.hasAttribute('href')) return;
    this.write(anchor, id);
    // Only what may be too long is cut off: to cut off costs.
    this.style(anchor, id.length > shortest ? 'cut' : '');
    anchor.setAttribute('href', address());
  }
}
