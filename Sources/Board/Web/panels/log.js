/**
 * The event log: rows of one height, of which only those in view exist. Pages come by cursor and leave again when they
 * are far away; the cursor of each page stays, so that it can come back.
 * @module
 */
import { ask, serverNow } from '../lib/api.js';
import { fill, h, isStill } from '../lib/dom.js';
import { confidence, date, exactTime, number, shortDate, span } from '../lib/format.js';
import { watch } from '../lib/live.js';
import { Panel, asked, panel, rows } from '../lib/panel.js';
import { isLive, link } from '../lib/state.js';
import { counted, named, t } from '../lib/text.js';

const rowPixels = 32;
const pageRows = 500;
/** Pages kept in memory around the view. */
const pagesMaximum = 12;
/** Rows drawn beyond the view, on each side. */
const margin = 12;
/** Events this much later than they happened are called late. */
const lateSeconds = 60;

/** @typedef {{ cursor: string | null, items: any[] | null, count: number }} Page */

class Log extends Panel {
  get heading() { return /** @type {const} */ ('log.title'); }
  get meaning() { return /** @type {const} */ ('log.meaning'); }
  get showsLate() { return false; }

  /** @type {Page[]} */
  pages = [];
  /** @type {string | null} of the page after the last one */
  next = null;
  /** @type {Map<number, HTMLElement>} rows in view, by index */
  drawn = new Map();
  /** Events that came while the reader was further down. */
  waiting = 0;
  isLoading = false;
  isScheduled = false;
  generation = 0;
  newest = h('button', { type: 'button', class: 'log-new', hidden: true, onclick: () => this.restart() });
  space = h('div', { class: 'log-space', role: 'rowgroup' });
  end = h('p', { class: 'log-end muted', role: 'status' });
  view = h(
    'div', { class: 'log-view', tabindex: '0', role: 'table', 'aria-label': t('log.label'), onscroll: () => this.schedule() },
    h('div', { class: 'log-row log-head', role: 'row' }, /** @type {const} */ (['log.time', 'log.worker', 'log.station', 'log.what', 'log.confidence']).map((key) => h('span', { role: 'columnheader' }, t(key)))),
    this.space,
  );

  /** @param {import('../lib/state.js').State} now @returns {import('../lib/panel.js').Question} */
  question(now) {
    const { within: _, ...parameters } = asked(now);
    return { path: '/api/events', parameters: { ...parameters, limit: pageRows } };
  }

  /** @param {any} _answer */
  coverage(_answer) {
    return undefined;
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.generation += 1;
  }

  /** @param {any} answer */
  draw(answer) {
    if (!this.body.contains(this.view)) {
      fill(this.body, this.newest, this.view, this.end);
      this.pages = [];
    }
    if (this.pages.length > 0 && this.view.scrollTop >= rowPixels) return;
    this.reset(answer);
    if (isLive() && !this.unwatch) this.unwatch = watch('events', (frame) => frame.changed && this.arrive(frame.changed));
  }

  /** @param {any} answer */
  table(answer) {
    return rows(this.pages.flatMap((page) => page.items ?? []).length > 0 ? this.pages.flatMap((page) => page.items ?? []) : answer.items);
  }

  /** @param {any} answer the first page */
  reset(answer) {
    this.generation += 1;
    this.isLoading = false;
    this.pages = [{ cursor: null, items: answer.items, count: answer.items.length }];
    this.next = answer.next_cursor ?? null;
    this.waiting = 0;
    this.newest.hidden = true;
    this.clear();
    this.schedule();
  }

  clear() {
    this.drawn.clear();
    fill(this.space);
  }

  restart() {
    this.view.scrollTop = 0;
    this.pages = [];
    const now = this.current;
    if (now) void ask(now.path, now.parameters).then(({ value }) => this.reset(value), () => {});
  }

  /**
   * New winners: at their place, or counted while the reader is further down.
   * @param {any[]} items newest first
   */
  arrive(items) {
    const first = this.pages[0];
    if (!first?.items) return;
    if (this.view.scrollTop >= rowPixels) {
      this.waiting += items.length;
      this.newest.hidden = false;
      this.newest.textContent = `↑ ${counted('log.new', this.waiting, number(this.waiting))}`;
      return;
    }
    const known = new Set(first.items.map((one) => one.position));
    const oldest = first.items.at(-1)?.timestamp ?? '';
    const fresh = items.filter((one) => !known.has(one.position) && (one.timestamp >= oldest || this.next === null));
    if (fresh.length === 0) return;
    const merged = [...fresh, ...first.items].sort((a, b) => (a.timestamp < b.timestamp ? 1 : a.timestamp > b.timestamp ? -1 : 0));
    // The page does not grow for ever: from where it is cut the cursor would no longer fit, so then it begins again.
    if (merged.length > 2 * pageRows) return this.restart();
    first.items = merged;
    first.count = merged.length;
    this.clear();
    this.schedule(isStill() ? undefined : new Set(fresh.map((one) => one.position)));
  }

  // MARK: The view

  get count() {
    return this.pages.reduce((sum, page) => sum + page.count, 0);
  }

  /** @param {Set<string>} [fresh] rows that slide in */
  schedule(fresh) {
    if (this.isScheduled) return;
    this.isScheduled = true;
    requestAnimationFrame(() => {
      this.isScheduled = false;
      this.place(fresh);
    });
  }

  /** @param {Set<string>} [fresh] */
  place(fresh) {
    const count = this.count;
    this.space.style.height = `${count * rowPixels}px`;
    this.view.setAttribute('aria-rowcount', String(this.next === null ? count + 1 : -1));
    const first = Math.max(0, Math.floor(this.view.scrollTop / rowPixels) - margin);
    const last = Math.min(count, Math.ceil((this.view.scrollTop + this.view.clientHeight) / rowPixels) + margin);
    for (const [index, row] of this.drawn) {
      if (index >= first && index < last) continue;
      row.remove();
      this.drawn.delete(index);
    }
    let start = 0;
    for (const page of this.pages) {
      if (start < last && start + page.count > first) {
        if (page.items) this.rowsOf(page.items, start, first, last, fresh);
        else void this.again(page);
      }
      start += page.count;
    }
    this.end.textContent = this.next === null ? (count > 20 ? t('log.end') : '') : this.isLoading ? t('log.loading') : '';
    if (this.next !== null && last > count - pageRows / 4) void this.more();
    this.forget(first, last);
  }

  /** @param {any[]} items @param {number} start @param {number} first @param {number} last @param {Set<string>} [fresh] */
  rowsOf(items, start, first, last, fresh) {
    for (let index = Math.max(first, start); index < Math.min(last, start + items.length); index += 1) {
      if (this.drawn.has(index)) continue;
      const item = items[index - start];
      const row = this.row(item, index);
      if (fresh?.has(item.position)) row.classList.add('fresh');
      this.drawn.set(index, row);
      this.space.append(row);
    }
  }

  /** @param {any} one @param {number} index */
  row(one, index) {
    const lag = (Date.parse(one.created_at) - Date.parse(one.timestamp)) / 1000;
    const isToday = date(one.timestamp) === date(serverNow());
    const cell = (/** @type {import('../lib/dom.js').Child[]} */ ...children) => h('span', { role: 'cell' }, children);
    const level = one.confidence < 0.75 ? 'low' : one.confidence <= 0.85 ? 'middle' : 'high';
    const sign = { low: '▼', middle: '◆', high: '▲' }[level];
    const what = one.event_type === 'product_count' ? counted('log.units', one.count ?? 1, number(one.count ?? 1)) : named('event', one.event_type);
    return h(
      'div', { class: 'log-row', role: 'row', 'aria-rowindex': String(index + 2), style: { transform: `translateY(${index * rowPixels}px)` } },
      cell(isToday ? '' : `${shortDate(one.timestamp)} `, exactTime(one.timestamp), lag > lateSeconds && h('span', { class: 'badge late' }, t('log.late', { age: span(lag) }))),
      cell(h('a', { href: link({ page: 'worker', worker: one.worker_id }), tabindex: '-1' }, one.worker_id)),
      cell(h('a', { href: link({ page: 'station', station: one.workstation_id }), tabindex: '-1' }, one.workstation_id)),
      cell(h('span', { class: `badge state-${one.event_type}` }, what)),
      cell(h('span', { class: `confidence confidence-${level}` }, `${sign} ${confidence(one.confidence)}`), one.low_confidence && h('span', { class: 'badge late' }, t('log.low'))),
    );
  }

  // MARK: Pages

  async more() {
    if (this.isLoading || this.next === null || !this.current) return;
    this.isLoading = true;
    const mine = this.generation;
    const cursor = this.next;
    try {
      const { value } = await ask(this.current.path, { ...this.current.parameters, cursor });
      if (mine !== this.generation) return;
      this.pages.push({ cursor, items: value.items, count: value.items.length });
      this.next = value.next_cursor ?? null;
    } catch {
      if (mine !== this.generation) return;
      // Scrolling on asks again.
    }
    this.isLoading = false;
    this.schedule();
  }

  /**
   * Brings a page back.
   * @param {Page} page
   */
  async again(page) {
    if (!this.current || page.items) return;
    const mine = this.generation;
    try {
      const { value } = await ask(this.current.path, { ...this.current.parameters, cursor: page.cursor });
      if (mine !== this.generation) return;
      page.items = value.items.slice(0, page.count);
      this.schedule();
    } catch {
      // The next movement asks again.
    }
  }

  /**
   * Lets go of pages far from the view.
   * @param {number} first
   * @param {number} last
   */
  forget(first, last) {
    const held = this.pages.filter((page) => page.items);
    if (held.length <= pagesMaximum) return;
    let start = 0;
    for (const [index, page] of this.pages.entries()) {
      const isFar = start + page.count < first - 3 * pageRows || start > last + 3 * pageRows;
      // The first page takes what arrives.
      if (isFar && index > 0) page.items = null;
      start += page.count;
    }
  }
}

export const logPanel = panel('andon-log', Log);
