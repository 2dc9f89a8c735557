/**
 * All sites that the key may see, each with its figures of today.
 * @module
 */
import { Trouble, ask, isAboutParameter, sentence, serverNow } from '../lib/api.js';
import { h, s } from '../lib/dom.js';
import { dateTime, exactTime, number, percent, signed, span } from '../lib/format.js';
import { Panel, figureName, panel } from '../lib/panel.js';
import { link, onState, query, state } from '../lib/state.js';
import { counted, t } from '../lib/text.js';

/** More sparklines than this are not asked for. */
const sparklinesMaximum = 24;
const sparklineMilliseconds = 120_000;

class Sites extends Panel {
  get heading() { return /** @type {const} */ ('sites.title'); }
  get meaning() { return /** @type {const} */ ('sites.meaning'); }
  get showsLate() { return false; }

  /** @type {Map<string, { at: number, line: SVGElement | null }>} */
  lines = new Map();
  /** @type {Map<string, { name: string, time_zone: string }>} */
  known = new Map();

  /** The newest figures of each site, and when they came; those of the question before are none. @type {Map<string, { item: any, at: number }>} */
  last = new Map();

  /** Stays, so that it is read out when it changes only. */
  missing = h('p', { class: 'bad', role: 'status' });

  /** @returns {(() => void)[]} */
  begin() {
    void ask('/api/sites').then(({ value }) => {
      for (const one of value.items) this.known.set(one.site_id, one);
      this.redraw();
    }, () => {});
    return [onState((now, before) => query({ ...now, lang: null, theme: null }) !== query({ ...before, lang: null, theme: null }) && this.last.clear())];
  }

  /** @param {import('../lib/state.js').State} now @returns {import('../lib/panel.js').Question} */
  question(now) {
    return { path: '/api/metrics/sites', parameters: { period: now.from || now.to ? null : (now.period ?? 'today'), from: now.from, to: now.to, known_at: now.known_at } };
  }

  /** @param {any} answer */
  isEmpty(answer) {
    return answer.items.length === 0 && !(answer.missing?.length > 0);
  }

  emptyText() {
    return [h('p', null, t('sites.empty')), h('p', { class: 'next' }, t('empty.next', { command: 'andon site apply FILE' }))];
  }

  /** @param {any} answer */
  draw(answer) {
    for (const item of answer.items) this.last.set(item.site_id, { item, at: serverNow() });
    answer.items.slice(0, sparklinesMaximum).forEach((/** @type {any} */ one) => void this.askLine(one.site_id));
    /** @type {[string, HTMLElement][]} */
    const cards = answer.items.map((/** @type {any} */ one) => [one.site_id, this.card(one, serverNow())]);
    let count = 0;
    for (const { sites, reason } of answer.missing ?? []) {
      // A site that has no shifts, for instance, does answer: that it has none.
      const isAway = !isAboutParameter(reason);
      if (isAway) count += sites.length;
      for (const id of sites) cards.push([id, isAway ? this.away(id, reason) : this.without(id, reason)]);
    }
    const words = count > 0 ? `⚠ ${counted('sites.missing', count, number(count))}` : '';
    if (this.missing.textContent !== words) this.missing.textContent = words;
    return [
      this.missing,
      h('ul', { class: 'site-cards' }, cards.sort(([one], [other]) => (one < other ? -1 : 1)).map(([, card]) => card)),
    ];
  }

  /**
   * A site whose holder does not answer: its last figures, as such.
   * @param {string} id
   * @param {string} reason
   */
  away(id, reason) {
    const last = this.last.get(id);
    const zone = this.known.get(id)?.time_zone;
    const words = last ? t('sites.away', { time: exactTime(last.at, zone) }) : t('sites.away.unseen');
    const why = h('p', { class: 'bad' }, `⚠ ${words} ${sentence(reason)}`);
    return last ? this.card(last.item, last.at, why) : this.without(id, `${words} ${sentence(reason)}`, 'bad');
  }

  /**
   * A site without figures.
   * @param {string} id @param {string} reason @param {string} [tone]
   */
  without(id, reason, tone = 'muted') {
    return h('li', { class: 'site-card away' }, this.head(id), h('p', { class: tone }, sentence(reason)));
  }

  /** @param {string} id */
  head(id) {
    const name = this.known.get(id)?.name || id;
    return h(
      'div', { class: 'site-head' }, h('h3', null, h('a', { href: link({ page: 'site', site: id }), 'data-key': id }, name)),
      name !== id && h('span', { class: 'muted' }, id),
    );
  }

  /** @param {any} one @param {number} at when it came @param {HTMLElement} [why] the figures are not of now */
  card(one, at, why) {
    const id = one.site_id;
    const age = typeof one.freshness_seconds === 'number' ? one.freshness_seconds + (serverNow() - at) / 1000 : null;
    const figure = (/** @type {string} */ member, /** @type {(value: any) => string} */ format) =>
      h('div', null, h('dt', null, figureName(member)), h('dd', null, this.figure(`site:${id}`, member, one[member], format)));
    const alerts = Array.isArray(one.alerts) ? one.alerts.length : (one.alerts ?? 0);
    return h(
      'li', { class: why ? 'site-card away' : 'site-card' }, this.head(id), why,
      h(
        'dl', { class: 'site-figures' }, figure('active_workers', number), figure('average_utilization_percentage', percent), figure('total_production_count', number),
        figure('target_variance_percentage', (value) => (value === null ? '–' : `${signed(value, 2)} %`)),
      ),
      this.lines.get(id)?.line ?? h('div', { class: 'spark' }),
      h(
        'div', { class: 'site-foot' }, h('span', { class: `badge ${alerts > 0 ? 'severity-warning' : 'good'}` }, `${alerts > 0 ? '⚠' : '✓'} ${counted('sites.alerts', alerts, number(alerts))}`),
        h('span', { class: 'chip', 'data-tip': t('chip.fresh.tip'), tabindex: '0' }, age === null ? t('chip.fresh.none') : t('chip.fresh', { age: span(age) })),
        one.newest_event_time && h('span', { class: 'muted' }, `${t('sites.newest')}: ${dateTime(one.newest_event_time, this.known.get(id)?.time_zone)}`),
      ),
    );
  }

  /**
   * Units by hour, as a small line.
   * @param {string} site
   */
  async askLine(site) {
    const known = this.lines.get(site);
    if (known && Date.now() - known.at < sparklineMilliseconds) return;
    this.lines.set(site, { at: Date.now(), line: known?.line ?? null });
    const now = state();
    try {
      const { value } = await ask('/api/metrics/trend', { site_id: site, bucket: 'hour', period: now.from || now.to ? null : (now.period ?? 'today'), from: now.from, to: now.to, known_at: now.known_at });
      this.lines.set(site, { at: Date.now(), line: spark(value.items.map((/** @type {any} */ one) => one.total_production_count)) });
      this.redraw();
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
    }
  }
}

/** @param {number[]} values */
function spark(values) {
  const most = Math.max(1, ...values);
  const step = 100 / Math.max(1, values.length);
  return s(
    'svg', { class: 'spark', viewBox: '0 0 100 24', preserveAspectRatio: 'none', role: 'img', 'aria-label': t('sites.today') },
    values.map((value, index) => s('rect', { class: 'bar', x: index * step + 0.3, width: Math.max(0.5, step - 0.6), y: 24 - (value / most) * 23, height: (value / most) * 23 + 0.5 })),
  );
}

export const sitesPanel = panel('andon-sites', Sites);
