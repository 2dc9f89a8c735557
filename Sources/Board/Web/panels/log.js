/**
 * The event log: rows of one height, of which only those in view exist. Pages come by cursor and leave again when they
 * are far away.
 * @module
 */
import { ask, serverNow } from '../lib/api.js';
import { Stretch } from '../draw/stretch.js';
import { fill, h, isStill } from '../lib/dom.js';
import { date, number } from '../lib/format.js';
import { watch } from '../lib/live.js';
import { Panel, asked, panel, rows } from '../lib/panel.js';
import { isLive } from '../lib/state.js';
import { counted, t } from '../lib/text.js';
import { LogPages } from './log-pages.js';
import { LogRow, rowPixels } from './log-row.js';

const pageRows = 500;
/** Rows drawn beyond the view, on each side. */
const margin = 8;
/** Where more rows come at once none slides in: it would be unrest, and work for the browser. */
const slidesMaximum = 4;

const sizes = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    const log = target.closest('andon-log');
    if (log instanceof Log) log.resize(contentRect.height);
  }
});

class Log extends Panel {
  get heading() { return /** @type {const} */ ('log.title'); }
  get meaning() { return /** @type {const} */ ('log.meaning'); }
  get showsLate() { return false; }

  pages = new LogPages();
  stretch = new Stretch();
  /** Pixels that the view is scrolled by, and that it is high: read when they change, because to read them costs a layout. */
  top = 0;
  seen = 420;
  /** @type {LogRow[]} rows in view, in order */
  drawn = [];
  /** Index of the first of them. */
  first = 0;
  /** @type {Set<string>} positions of events that slide in */
  fresh = new Set();
  /** Events that came while the reader was further down. */
  waiting = 0;
  isLoading = false;
  isScheduled = false;
  generation = 0;
  newest = h('button', { type: 'button', class: 'log-new', hidden: true, onclick: () => this.restart() });
  lines = h('div', { class: 'log-lines', role: 'rowgroup' });
  /** As high as all rows would be. */
  space = h('div', { class: 'log-space', role: 'presentation' }, this.lines);
  end = h('p', { class: 'log-end muted', role: 'status' });
  view = h(
    'div', { class: 'log-view', tabindex: '0', role: 'table', 'aria-label': t('log.label'), onscroll: () => this.scrolled() },
    h('div', { class: 'log-row log-head', role: 'row' }, /** @type {const} */ (['log.time', 'log.worker', 'log.station', 'log.what', 'log.confidence', 'log.notes']).map((key) => h('span', { role: 'columnheader' }, t(key)))),
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

  connectedCallback() {
    super.connectedCallback();
    sizes.observe(this.view);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    sizes.unobserve(this.view);
    this.generation += 1;
  }

  /** @param {any} answer */
  draw(answer) {
    if (!this.body.contains(this.view)) {
      fill(this.body, this.newest, this.view, this.end);
      this.pages = new LogPages();
    }
    if (this.pages.count > 0 && !this.isAtTop) return;
    this.reset(answer);
    if (isLive() && !this.unwatch) this.unwatch = watch('events', (frame) => frame.changed && this.arrive(frame.changed));
  }

  /** @param {any} answer */
  table(answer) {
    const known = this.pages.all.flatMap((page) => page.items ?? []);
    return rows(known.length > 0 ? known : answer.items);
  }

  /** @param {any} answer the first page */
  reset(answer) {
    this.generation += 1;
    this.isLoading = false;
    this.pages = new LogPages();
    this.pages.add(null, answer.items, answer.next_cursor ?? null);
    this.waiting = 0;
    this.newest.hidden = true;
    this.schedule();
  }

  restart() {
    this.view.scrollTop = 0;
    this.top = 0;
    this.pages = new LogPages();
    const now = this.current;
    if (now) void ask(now.path, now.parameters).then(({ value }) => this.reset(value), () => {});
  }

  get isAtTop() {
    return this.top + this.stretch.offset < rowPixels;
  }

  /**
   * New winners: at their place, or counted while the reader is further down.
   * @param {any[]} items newest first
   */
  arrive(items) {
    const first = this.pages.all[0];
    if (!first?.items) return;
    if (!this.isAtTop) {
      this.waiting += items.length;
      this.newest.hidden = false;
      this.newest.textContent = `↑ ${counted('log.new', this.waiting, number(this.waiting))}`;
      return;
    }
    const known = new Set(first.items.map((one) => one.position));
    const oldest = first.items.at(-1)?.timestamp ?? '';
    const fresh = items.filter((one) => !known.has(one.position) && (one.timestamp >= oldest || this.pages.next === null));
    if (fresh.length === 0) return;
    const merged = [...fresh, ...first.items].sort((a, b) => (a.timestamp < b.timestamp ? 1 : a.timestamp > b.timestamp ? -1 : 0));
    // The page does not grow for ever: from where it is cut the cursor would no longer fit, so then it begins again.
    if (merged.length > 2 * pageRows) return this.restart();
    this.pages.renew(merged);
    // What was in view moves down by as many rows, and keeps its elements.
    this.first += fresh.length;
    if (!this.isInSight) return;
    if (!isStill() && fresh.length <= slidesMaximum) for (const one of fresh) this.fresh.add(one.position);
    this.schedule();
  }

  // MARK: The view

  scrolled() {
    this.top = this.view.scrollTop;
    this.schedule();
  }

  /** @param {number} pixels */
  resize(pixels) {
    if (pixels === 0 || pixels === this.seen) return;
    this.seen = pixels;
    this.schedule();
  }

  caughtUp() {
    super.caughtUp();
    if (this.pages.count > 0) this.schedule();
  }

  schedule() {
    if (this.isScheduled) return;
    this.isScheduled = true;
    requestAnimationFrame(() => {
      this.isScheduled = false;
      this.place();
    });
  }

  place() {
    const { pages, stretch } = this;
    stretch.fit(pages.count * rowPixels, this.seen);
    const height = `${stretch.height}px`;
    if (this.space.style.height !== height) {
      this.space.style.height = height;
      this.view.setAttribute('aria-rowcount', String(pages.isWhole ? pages.count + 1 : -1));
    }
    const top = stretch.move(this.top);
    if (top !== this.top) this.view.scrollTop = this.top = top;
    const position = this.top + stretch.offset;
    const first = Math.max(0, Math.floor(position / rowPixels) - margin);
    const last = Math.min(pages.count, Math.ceil((position + this.seen) / rowPixels) + margin);
    this.drawRows(first, last);
    const end = pages.isWhole ? (pages.count > 20 ? t('log.end') : '') : this.isLoading ? t('log.loading') : '';
    if (this.end.textContent !== end) this.end.textContent = end;
    if (pages.next !== null && last > pages.count - pageRows) void this.more();
  }

  /** @param {number} first @param {number} last */
  drawRows(first, last) {
    this.turn(first - this.first);
    this.first = first;
    while (this.drawn.length > last - first) this.drawn.pop()?.element.remove();
    while (this.drawn.length < last - first) {
      const row = new LogRow();
      this.drawn.push(row);
      this.lines.append(row.element);
    }
    // One for all: each that moves by itself would be a layer to be put together.
    this.lines.style.transform = `translateY(${first * rowPixels - this.stretch.offset}px)`;
    const [today, { search }] = [date(serverNow()), location];
    let page = this.pages.at(first);
    for (const [place, row] of this.drawn.entries()) {
      const index = first + place;
      if (page && index >= page.start + page.count) page = this.pages.at(index);
      if (page && !page.items) void this.again(page);
      const item = page?.items?.[index - page.start];
      row.show(item, index, today, search);
      if (item && this.fresh.delete(item.position)) row.element.classList.add('fresh');
    }
    this.fresh.clear();
  }

  /**
   * Lets rows that leave the view at one end go on at the other, so that those which stay are not touched.
   * @param {number} count rows by which the view moves down
   */
  turn(count) {
    if (Math.abs(count) >= this.drawn.length) return;
    const leaving = count > 0 ? this.drawn.splice(0, count) : this.drawn.splice(this.drawn.length + count, -count);
    if (count > 0) this.drawn.push(...leaving);
    else this.drawn.unshift(...leaving);
    const elements = leaving.map((row) => row.element);
    if (count > 0) this.lines.append(...elements);
    else this.lines.prepend(...elements);
  }

  // MARK: Pages

  async more() {
    const { pages, current } = this;
    if (this.isLoading || pages.next === null || !current) return;
    this.isLoading = true;
    const mine = this.generation;
    const cursor = pages.next;
    try {
      const { value } = await ask(current.path, { ...current.parameters, cursor });
      if (mine !== this.generation) return;
      pages.add(cursor, value.items, value.next_cursor ?? null);
      this.forget();
    } catch {
      if (mine !== this.generation) return;
      // Scrolling on asks again.
    }
    this.isLoading = false;
    this.schedule();
  }

  /**
   * Brings a page back.
   * @param {import('./log-pages.js').Page} page
   */
  async again(page) {
    const { pages, current } = this;
    if (!current || page.items || page.isComing) return;
    page.isComing = true;
    try {
      const { value } = await ask(current.path, { ...current.parameters, cursor: page.cursor });
      if (pages !== this.pages) return;
      pages.restore(page, value.items);
      this.forget();
      this.schedule();
    } catch {
      // The next movement asks again.
    }
    page.isComing = false;
  }

  forget() {
    const first = Math.floor((this.top + this.stretch.offset) / rowPixels);
    this.pages.forget(first, first + Math.ceil(this.seen / rowPixels));
  }
}

export const logPanel = panel('andon-log', Log);
