/**
 * Confidence of every camera by hour or day (SPEC 5.10).
 * @module
 */
import { heatmap } from '../draw/heatmap.js';
import { confidenceLegend } from '../draw/legend.js';
import { confidenceStep } from '../draw/scale.js';
import { h } from '../lib/dom.js';
import { confidence, number, shortDate, time } from '../lib/format.js';
import { Panel, asked, panel } from '../lib/panel.js';
import { keep } from '../lib/state.js';
import { named, t } from '../lib/text.js';
import { axis } from './axis.js';
import { bucket, choice } from './parts.js';

/** @typedef {import('../lib/state.js').State} State */

class HealthHeatmap extends Panel {
  constructor() {
    super();
    /** @private @type {import('../draw/heatmap.js').HeatView} */
    this.view = { row: 0, column: 0, top: 0, left: 0 };
  }

  get heading() {
    return /** @type {const} */ ('health.heatmap.title');
  }

  get meaning() {
    return /** @type {const} */ ('health.heatmap.meaning');
  }

  get showsLate() {
    return false;
  }

  /** @param {State} now @returns {import('../lib/panel.js').Question | null} */
  question(now) {
    if (!now.site) return null;
    const { within: _, ...parameters } = asked(now);
    return { path: '/api/metrics/heatmap', parameters: { ...parameters, of: 'cameras', bucket: bucket(now) } };
  }

  controls() {
    const choices = [{ value: 'hour', text: t('trend.hour') }, { value: 'day', text: t('trend.day') }];
    return choice(t('trend.bucket'), choices, bucket(), (value) => keep('bucket', value));
  }

  /** @param {any} answer */
  isEmpty(answer) {
    return answer.rows.length === 0;
  }

  emptyText() {
    return h('p', null, t('health.empty'));
  }

  /** @param {any} answer */
  table(answer) {
    return [
      ['camera_id', 'from', 'avg_confidence', 'samples'],
      ...answer.rows.flatMap((/** @type {any} */ row) =>
        answer.buckets.map((/** @type {any} */ one, /** @type {number} */ place) => [row.camera_id ?? row.id, one.from, row.avg_confidence[place], row.samples[place]])),
    ];
  }

  /** @param {any} answer */
  draw(answer) {
    const rows = answer.rows.map((/** @type {any} */ row) => {
      const id = row.camera_id ?? row.id ?? '';
      return { id, name: id === '' ? t('health.nocamera') : id, values: row.avg_confidence, samples: row.samples };
    });
    const isDaily = bucket() === 'day';
    // Days of cameras are UTC's, hours are the same everywhere but in half-hour zones.
    const { time: clock, date: day } = axis(isDaily ? 'UTC' : undefined);
    const when = (/** @type {number} */ place) => {
      const { from, to } = answer.buckets[place];
      return isDaily ? shortDate(from, 'UTC') : `${shortDate(from)} ${time(from)}–${time(to)}`;
    };
    const map = heatmap(rows, {
      label: t('health.heatmap.label'), buckets: answer.buckets, scale: 'confidence', time: clock, date: day, corner: t('cameras.camera'), view: this.view,
      describe: (row, place) => {
        const value = row.values[place];
        if (value === null) return `${row.name}, ${when(place)}: ${t('health.nosamples')}`;
        const samples = number(/** @type {any} */ (row).samples[place]);
        return `${row.name}, ${when(place)}: ${confidence(value)} (${named('confidence', confidenceStep(value))}), ${t('health.samples', { count: samples })}`;
      },
    });
    return [map, confidenceLegend({ healthy: t('legend.healthy'), warning: t('legend.warning'), critical: t('legend.critical'), none: t('health.nosamples') })];
  }
}

export const healthHeatmap = panel('andon-health-heatmap', HealthHeatmap);
