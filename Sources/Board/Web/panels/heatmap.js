/**
 * Utilization of every station, or of every worker, by hour or day (SPEC 5.10).
 * @module
 */
import { heatmap } from '../draw/heatmap.js';
import { percentageLegend } from '../draw/legend.js';
import { h } from '../lib/dom.js';
import { number, percent, shortDate, time } from '../lib/format.js';
import { showsNames } from '../lib/names.js';
import { Panel, asked, panel } from '../lib/panel.js';
import { go, keep, link, state } from '../lib/state.js';
import { t } from '../lib/text.js';
import { axis } from './axis.js';
import { bucket, choice } from './parts.js';

/** @typedef {import('../lib/state.js').State} State */

/** @param {State} now */
function subject(now) {
  return now.more.of === 'workers' ? 'workers' : 'workstations';
}

class Heatmap extends Panel {
  constructor() {
    super();
    /** @private @type {import('../draw/heatmap.js').HeatView} */
    this.view = { row: 0, column: 0, top: 0, left: 0 };
  }

  get heading() {
    return /** @type {const} */ ('heatmap.title');
  }

  get meaning() {
    return /** @type {const} */ ('heatmap.meaning');
  }

  /** @param {State} now @returns {import('../lib/panel.js').Question | null} */
  question(now) {
    if (!now.site) return null;
    return { path: '/api/metrics/heatmap', parameters: { ...asked(now), of: subject(now), bucket: bucket(now) } };
  }

  controls() {
    const now = state();
    const subjects = [{ value: 'workstations', text: t('heatmap.workstations') }, { value: 'workers', text: t('heatmap.workers') }];
    const steps = [{ value: 'hour', text: t('trend.hour') }, { value: 'day', text: t('trend.day') }];
    return [
      choice(t('heatmap.of'), subjects, subject(now), (value) => keep('of', value)),
      choice(t('trend.bucket'), steps, bucket(now), (value) => keep('bucket', value)),
    ];
  }

  /** @param {any} answer */
  isEmpty(answer) {
    return answer.rows.length === 0;
  }

  /** @param {any} answer */
  table(answer) {
    return [
      ['id', 'from', 'utilization_percentage', 'units'],
      ...answer.rows.flatMap((/** @type {any} */ row) =>
        answer.buckets.map((/** @type {any} */ one, /** @type {number} */ place) => [row.id, one.from, row.utilization_percentage[place], row.units[place]])),
    ];
  }

  /** @param {any} answer */
  draw(answer) {
    const isWorkers = subject(state()) === 'workers';
    const page = (/** @type {string} */ id) => (isWorkers ? { page: 'worker', worker: id } : { page: 'station', station: id });
    const rows = answer.rows.map((/** @type {any} */ row) => ({
      id: row.id, name: (isWorkers && !showsNames() ? null : row.name) ?? row.id, href: link(page(row.id)),
      values: row.utilization_percentage, units: row.units,
    }));
    const when = (/** @type {number} */ place) => {
      const { from, to } = answer.buckets[place];
      return bucket() === 'day' ? shortDate(from) : `${shortDate(from)} ${time(from)}–${time(to)}`;
    };
    const map = heatmap(rows, {
      label: t('heatmap.label'), buckets: answer.buckets, scale: 'percentage', ...axis(), view: this.view,
      corner: t(isWorkers ? 'now.worker' : 'now.station'),
      describe: (row, place) => {
        const units = number(/** @type {any} */ (row).units[place]);
        const value = row.values[place];
        return `${row.name}, ${when(place)}: ${value === null ? t('timeline.unknown') : percent(value)}, ${t('figure.total_units_produced')} ${units}`;
      },
      // A cell leads to what is behind it: the page of its row, for the time of its column.
      onSelect: (row, place) => go({ ...page(row.id), period: null, from: answer.buckets[place].from, to: answer.buckets[place].to }),
    });
    const legend = percentageLegend({
      range: (from, to) => `${number(from)}–${number(to)} %`, above: (from) => `≥ ${number(from)} %`, none: t('timeline.unknown'),
    });
    return [map, legend, h('p', { class: 'muted' }, t('heatmap.choose'))];
  }
}

export const heatmapPanel = panel('andon-heatmap', Heatmap);
