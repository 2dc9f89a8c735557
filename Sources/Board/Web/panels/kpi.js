/**
 * The row of key figures.
 * @module
 */
import { ask } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { instant, number, percent, signed } from '../lib/format.js';
import { Panel, asked, figureName, panel } from '../lib/panel.js';
import { isLive, state } from '../lib/state.js';
import { t } from '../lib/text.js';

/**
 * The figures, and how their change is written.
 * @type {{ name: string, format: (value: any) => string, digits: number, unit: string }[]}
 */
const figures = [
  { name: 'active_workers', format: number, digits: 0, unit: '' },
  { name: 'average_utilization_percentage', format: percent, digits: 2, unit: ' pp' },
  { name: 'total_production_count', format: number, digits: 0, unit: '' },
  { name: 'average_production_rate', format: (value) => number(value, 2, 2), digits: 2, unit: '' },
  { name: 'target_variance_percentage', format: (value) => (value === null ? '–' : `${signed(value, 2)} %`), digits: 2, unit: ' pp' },
];
/** The span before is past: it is asked for again only so often. */
const beforeMilliseconds = 60_000;

class KPI extends Panel {
  get heading() { return /** @type {const} */ ('kpi.title'); }
  get meaning() { return /** @type {const} */ ('kpi.meaning'); }

  /** @type {any} the same span before */
  before = null;
  /** @type {string} */
  beforeKey = '';
  beforeAt = 0;

  /** @param {import('../lib/state.js').State} now @returns {import('../lib/panel.js').Question} */
  question(now) {
    return { path: '/api/metrics/factory', parameters: asked(now), topic: 'factory' };
  }

  /** @param {any} answer */
  isEmpty(answer) {
    return answer.meta.newest_event_time === null && answer.active_workers === 0;
  }

  emptyText() {
    return [
      h('p', null, t('kpi.empty')),
      h('p', { class: 'next' }, t('empty.next', { command: `andon import FILE --site ${state().site}` })),
    ];
  }

  /** @param {any} answer */
  table(answer) {
    const names = [...figures.map((one) => one.name), 'target_units', 'coverage_percentage', 'time_range_start', 'time_range_end'];
    return [names, names.map((name) => answer[name])];
  }

  /** @param {any} answer */
  draw(answer) {
    this.askBefore(answer);
    const card = (/** @type {typeof figures[number]} */ one) =>
      h(
        'div', { class: 'kpi', dataset: { kpi: one.name } }, h('div', { class: 'kpi-name' }, figureName(one.name)),
        h('div', { class: 'kpi-value' }, this.figure('factory', one.name, answer[one.name], one.format)),
        h('div', { class: 'kpi-more' }, one.name === 'target_variance_percentage' ? this.target(answer) : this.delta(answer, one)),
      );
    return h('div', { class: 'kpis' }, figures.map(card));
  }

  /** @param {any} answer */
  target(answer) {
    return answer.target_units === null ? t('kpi.target.none') : t('kpi.target', { value: number(answer.target_units) });
  }

  /** @param {any} answer @param {typeof figures[number]} one */
  delta(answer, one) {
    const [now, before] = [answer[one.name], this.before?.[one.name]];
    if (typeof now !== 'number' || typeof before !== 'number' || this.before.active_workers === 0) return h('span', { class: 'muted' }, t('kpi.before.none'));
    const change = now - before;
    const sign = change > 0 ? '▲' : change < 0 ? '▼' : '=';
    return h(
      'span', { class: `delta delta-${Math.sign(change)}`, tabindex: '0', 'data-tip': t('kpi.before', { value: one.format(before) }) },
      `${sign} ${signed(change, one.digits)}${one.unit}`,
    );
  }

  /**
   * Asks for the span before: as long as what has passed of this one.
   * @param {any} answer
   */
  async askBefore(answer) {
    const [from, to] = [instant(answer.time_range_start), instant(answer.time_range_end)];
    const period = state().period ?? 'today';
    // A running day is compared with the same hours of the day before, a shift with the one before.
    const shift = isLive() && period === 'today' ? 86_400_000 : period.endsWith('week') ? 7 * 86_400_000 : to - from;
    const parameters = {
      site_id: state().site, from: new Date(from - shift).toISOString(), to: new Date(to - shift).toISOString(),
      within: state().within, known_at: state().known_at,
    };
    const key = JSON.stringify({ ...parameters, to: isLive() ? null : parameters.to });
    if (to <= from || (key === this.beforeKey && Date.now() - this.beforeAt < beforeMilliseconds)) return;
    if (key !== this.beforeKey) this.before = null;
    this.beforeKey = key;
    this.beforeAt = Date.now();
    try {
      const { value } = await ask('/api/metrics/factory', parameters);
      if (this.beforeKey !== key) return;
      this.before = value;
      this.redraw();
    } catch {
      // Then there is nothing to compare with.
    }
  }
}

export const kpiPanel = panel('andon-kpi', KPI);
