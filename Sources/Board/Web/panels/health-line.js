/**
 * Confidence over the last seven days (SPEC 6.3).
 * @module
 */
import { fit } from '../draw/fit.js';
import { line } from '../draw/line.js';
import { milliseconds } from '../draw/scale.js';
import { h } from '../lib/dom.js';
import { number } from '../lib/format.js';
import { Panel, panel } from '../lib/panel.js';
import { t } from '../lib/text.js';
import { axis } from './axis.js';

/** @typedef {import('../lib/state.js').State} State */

const hour = 3_600_000;
const days = 7;

class HealthLine extends Panel {
  get heading() {
    return /** @type {const} */ ('health.line.title');
  }

  get meaning() {
    return /** @type {const} */ ('health.line.meaning');
  }

  get showsLate() {
    return false;
  }

  /** @param {State} now @returns {import('../lib/panel.js').Question | null} */
  question(now) {
    if (!now.site) return null;
    return { path: '/api/metrics/model-health/trend', parameters: { site_id: now.site, days, to: now.to, known_at: now.known_at } };
  }

  /** @param {any} answer */
  isEmpty(answer) {
    return answer.hours.length === 0;
  }

  emptyText() {
    return h('p', null, t('health.line.empty'));
  }

  /** @param {any} answer */
  table(answer) {
    const names = ['start', 'samples', 'avg_confidence', 'trailing_avg_confidence'];
    return [names, ...answer.hours.map((/** @type {any} */ one) => names.map((name) => one[name]))];
  }

  /** @param {any} answer */
  draw(answer) {
    const points = (/** @type {string} */ name) => answer.hours.map((/** @type {any} */ one) => ({ at: middle(one.start), value: one[name] }));
    const least = Math.min(0.7, ...answer.hours.map((/** @type {any} */ one) => one.avg_confidence));
    const low = Math.max(0, Math.floor(least * 10) / 10);
    const to = answer.meta.to;
    const from = answer.meta.from ?? new Date(milliseconds(to) - days * 24 * hour).toISOString();
    const ticks = [...[0, 0.2, 0.4, 0.5, 0.6].filter((tick) => tick >= low), 0.75, 0.85, 1];
    const draw = (/** @type {number} */ width) =>
      line([
        { name: 'faint', points: points('avg_confidence'), dots: true },
        { name: 'value', points: points('trailing_avg_confidence') },
      ], {
        label: t('health.line.title'), description: t('health.line.legend'), width, height: 200, from, to, low, high: 1, ticks,
        bands: [
          { from: 0, to: 0.75, name: 'critical' }, { from: 0.75, to: 0.85, name: 'warning' }, { from: 0.85, to: 1, name: 'healthy' },
        ],
        // An hour without samples opens the line.
        gapMilliseconds: 1.5 * hour, ...axis(), value: (value) => number(value, 2, 4),
      });
    return [fit(draw, this.width), h('p', { class: 'muted' }, t('health.line.legend'))];
  }
}

/** @param {string} start of an hour */
function middle(start) {
  return new Date(milliseconds(start) + hour / 2).toISOString();
}

export const healthLine = panel('andon-health-line', HealthLine);
