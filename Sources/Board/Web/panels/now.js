/**
 * Who is where at the end of the period.
 * @module
 */
import { serverNow } from '../lib/api.js';
import { fill, h } from '../lib/dom.js';
import { dateTime, number, time, date } from '../lib/format.js';
import { workerName } from '../lib/names.js';
import { Panel, asked, panel } from '../lib/panel.js';
import { hasManyWorkers, siteOf } from '../lib/sites.js';
import { link, onState, state } from '../lib/state.js';
import { stationName, stations } from '../lib/stations.js';
import { named, t } from '../lib/text.js';
import { Seeker } from './seek.js';

/** More rows than a person reads; the rest is found by typing. */
const rowsMaximum = 100;
const order = ['working', 'idle', 'absent', 'unknown'];
const path = '/api/metrics/workers';

class Now extends Panel {
  get heading() { return /** @type {const} */ ('now.title'); }
  get meaning() { return /** @type {const} */ ('now.meaning'); }
  get showsLate() { return false; }

  /** @type {Seeker} */
  seeker = new Seeker(this, t('now.search'), path, 'worker_id', () => hasManyWorkers(state().site));
  /** @type {Map<string, { row: HTMLElement, shown: string }>} */
  rows = new Map();
  place = h('tbody');
  counts = h('div', { class: 'state-counts' });
  more = h('p', { class: 'muted' });
  order = '';
  /** @type {Map<string, import('../lib/stations.js').Station>} */
  stations = new Map();

  /** @returns {(() => void)[]} */
  begin() {
    const learn = () => void stations().then((all) => {
      if (all === this.stations) return;
      this.stations = all;
      this.redraw();
    });
    learn();
    return [onState(learn)];
  }

  /** @param {import('../lib/state.js').State} now @returns {import('../lib/panel.js').Question} */
  question(now) {
    // Of very many those who were seen last: all of them would be megabytes.
    if (hasManyWorkers(now.site)) return { path, parameters: { ...asked(now), sort: '-last_seen', limit: rowsMaximum } };
    return { path, parameters: asked(now), topic: 'workers' };
  }

  /** @returns {import('../lib/dom.js').Child} */
  controls() {
    return this.seeker.field;
  }

  /** @param {any} _answer */
  coverage(_answer) {
    return undefined;
  }

  /**
   * Changes only the rows that show something else.
   * @param {any} answer
   */
  draw(answer) {
    const isMany = hasManyWorkers(state().site);
    const found = isMany ? this.seeker.found ?? answer.items : answer.items.filter((/** @type {any} */ one) =>
      this.seeker.matches(() => `${workerName(one)} ${one.worker_id} ${this.station(one)} ${one.current_workstation_id ?? ''}`));
    // By state, and in one of them as they came.
    const shown = order.flatMap((name) => found.filter((/** @type {any} */ one) => one.current_state === name)).slice(0, rowsMaximum);
    this.seeker.field.hidden = !isMany && answer.items.length <= 12;
    this.more.textContent = this.moreText(found.length, shown.length);
    if (!this.body.contains(this.place)) {
      const head = /** @type {const} */ (['now.worker', 'now.state', 'now.station', 'now.seen']);
      fill(this.body, this.counts, h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': t('now.title') }, h('table', { class: 'rows' }, h('thead', null, h('tr', null, head.map((key) => h('th', { scope: 'col' }, t(key))))), this.place)), this.more);
    }
    if (!isMany) this.count(answer.items);
    const next = shown.map((/** @type {any} */ one) => one.worker_id).join('\n');
    const elements = shown.map((/** @type {any} */ one) => this.row(one));
    if (next !== this.order) this.place.replaceChildren(...elements);
    this.order = next;
    if (this.rows.size > 4 * rowsMaximum) this.rows.clear();
  }

  /**
   * The station where a worker is, as people call it; empty where there is none.
   * @param {any} one
   */
  station(one) {
    return one.current_workstation_id ? stationName(this.stations, one.current_workstation_id) : '';
  }

  /** @param {number} found @param {number} shown */
  moreText(found, shown) {
    const { site } = state();
    if (!hasManyWorkers(site)) return found > shown ? t('now.more', { shown: number(shown), all: number(found) }) : '';
    if (this.seeker.found) return found === 0 ? t('seek.none') : '';
    return t('now.many', { shown: number(shown), all: number(siteOf(site)?.worker_count) });
  }

  /** @param {any[]} items */
  count(items) {
    const counts = order.map((state) => [state, items.filter((one) => one.current_state === state).length]);
    const key = JSON.stringify(counts);
    if (this.counts.dataset.shown === key) return;
    this.counts.dataset.shown = key;
    fill(this.counts, counts.map(([state, count]) => h('span', { class: `badge state-${state}` }, `${number(Number(count))} ${named('state', String(state))}`)));
  }

  /** @param {any} one */
  row(one) {
    const shown = JSON.stringify([one.worker_name, one.current_state, this.station(one), one.last_seen]);
    const entry = this.rows.get(one.worker_id) ?? { row: h('tr'), shown: '' };
    this.rows.set(one.worker_id, entry);
    if (entry.shown === shown) return entry.row;
    if (entry.shown) entry.row.classList.add('ticked');
    entry.shown = shown;
    const station = one.current_workstation_id;
    const isToday = one.last_seen && date(one.last_seen) === date(serverNow());
    fill(
      entry.row, h('th', { scope: 'row' }, h('a', { href: link({ page: 'worker', worker: one.worker_id }), 'data-key': one.worker_id }, workerName(one))),
      h('td', null, h('span', { class: `badge state-${one.current_state}` }, named('state', one.current_state))),
      h('td', null, station ? h('a', { href: link({ page: 'station', station }) }, this.station(one)) : '–'),
      h('td', null, one.last_seen ? (isToday ? time(one.last_seen) : dateTime(one.last_seen)) : '–'),
    );
    return entry.row;
  }
}

export const nowPanel = panel('andon-now', Now);
