/**
 * The figures of one workstation (SPEC 5.3).
 * @module
 */
import { h } from '../lib/dom.js';
import { exactDateTime, hours, number, percent } from '../lib/format.js';
import { Panel, asked, panel } from '../lib/panel.js';
import { state } from '../lib/state.js';
import { t } from '../lib/text.js';
import { follow } from './follow.js';
import { tiles } from './parts.js';

/** @typedef {import('../lib/state.js').State} State */

class StationFigures extends Panel {
  /** @returns {(() => void)[]} */
  begin() {
    return [follow(this, (event) => event.workstation_id === state().station)];
  }

  get heading() {
    return /** @type {const} */ ('station.figures.title');
  }

  get meaning() {
    return /** @type {const} */ ('station.figures.meaning');
  }

  /** @param {State} now @returns {import('../lib/panel.js').Question | null} */
  question(now) {
    if (!now.site || !now.station) return null;
    return { path: '/api/metrics/workstations', parameters: { ...asked(now), workstation_id: now.station } };
  }

  /** @param {any} answer */
  draw(answer) {
    const item = answer.items[0];
    const figure = (/** @type {string} */ name, /** @type {(value: number | null | undefined) => string} */ format) =>
      this.figure(`workstation:${item.workstation_id}`, name, item[name], format);
    return [
      item.last_activity ? h('p', { class: 'muted' }, t('station.activity', { time: exactDateTime(item.last_activity) })) : null,
      tiles([
        { name: 'occupancy_percentage', value: figure('occupancy_percentage', percent) },
        { name: 'capacity_occupancy_percentage', value: figure('capacity_occupancy_percentage', percent) },
        { name: 'station_utilization_percentage', value: figure('utilization_percentage', percent) },
        { name: 'total_units_produced', value: figure('total_units_produced', number) },
        { name: 'throughput_rate', value: figure('throughput_rate', (value) => number(value, 2, 2)) },
        { name: 'current_workers', value: figure('current_workers', number) },
        { name: 'capacity', value: figure('capacity', number) },
        { name: 'present_us', value: figure('present_us', hours) },
        { name: 'working_us', value: figure('working_us', hours) },
      ]),
    ];
  }
}

export const stationFigures = panel('andon-station-figures', StationFigures);
