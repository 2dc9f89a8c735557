/**
 * The trend of one worker or workstation (SPEC 5.7).
 * @module
 */
import { bars } from '../draw/bars.js';
import { fit } from '../draw/fit.js';
import { line } from '../draw/line.js';
import { h } from '../lib/dom.js';
import { number, percent } from '../lib/format.js';
import { Panel, asked, panel } from '../lib/panel.js';
import { keep, state } from '../lib/state.js';
import { t } from '../lib/text.js';
import { axis } from './axis.js';
import { bucket, choice } from './parts.js';

/** @typedef {import('../lib/state.js').State} State */

class SubjectTrend extends Panel {
  get heading() {
    return /** @type {const} */ ('subject.trend.title');
  }

  get meaning() {
    return /** @type {const} */ ('subject.trend.meaning');
  }

  /** @param {State} now @returns {import('../lib/panel.js').Question | null} */
  question(now) {
    const of = now.page === 'worker' ? now.worker && `worker:${now.worker}` : now.station && `workstation:${now.station}`;
    if (!now.site || !of) return null;
    return { path: '/api/metrics/trend', parameters: { ...asked(now), of, bucket: bucket(now) } };
  }

  controls() {
    const choices = [{ value: 'hour', text: t('trend.hour') }, { value: 'day', text: t('trend.day') }];
    return choice(t('trend.bucket'), choices, bucket(), (value) => keep('bucket', value));
  }

  /** @param {any} answer */
  coverage(answer) {
    const elapsed = sum(answer.items, 'elapsed_us');
    return state().page === 'worker' && elapsed > 0 ? (1 - sum(answer.items, 'unknown_us') / elapsed) * 100 : undefined;
  }

  /** @param {any} answer */
  draw(answer) {
    const { items } = answer;
    const from = items[0].from;
    const to = items[items.length - 1].to;
    const width = this.width;
    // A bucket that has only begun ends where knowledge ends; its figures are those of that part.
    const utilization = items.map((/** @type {any} */ item) => ({ at: middle(item), value: item.utilization_percentage }));
    const units = items.map((/** @type {any} */ item) => ({
      from: item.from, to: item.to,
      value: item.total_units_produced === 0 && item.utilization_percentage === null ? null : item.total_units_produced,
    }));
    return [
      h('h3', null, t('figure.utilization_percentage')),
      fit((size) => line([{ name: 'value', points: utilization, dots: true }], {
        label: t('subject.trend.utilization'), width: size, height: 150, from, to, low: 0, high: 100, ticks: [0, 25, 50, 75, 100],
        ...axis(), value: percentTick,
      }), width),
      h('h3', null, t('figure.total_units_produced')),
      fit((size) => bars(units, {
        label: t('subject.trend.units'), width: size, height: 150, ...axis(), value: (value) => number(value), noData: t('timeline.unknown'),
      }), width),
    ];
  }
}

/** @param {number} value */
function percentTick(value) {
  return Number.isInteger(value) ? `${number(value)} %` : percent(value);
}

/** @param {any[]} items @param {string} name */
function sum(items, name) {
  return items.reduce((total, item) => total + (item[name] ?? 0), 0);
}

/** @param {{ from: string, to: string }} item */
function middle(item) {
  return new Date((Date.parse(item.from) + Date.parse(item.to)) / 2).toISOString();
}

export const subjectTrend = panel('andon-subject-trend', SubjectTrend);
