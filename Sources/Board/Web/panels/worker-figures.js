/**
 * The figures of one worker (SPEC 5.2).
 * @module
 */
import { fill, h } from '../lib/dom.js';
import { exactDateTime, hours, number, percent } from '../lib/format.js';
import { Panel, asked, panel } from '../lib/panel.js';
import { isLive, link, state } from '../lib/state.js';
import { named, t } from '../lib/text.js';
import { follow } from './follow.js';
import { stationName, stationPlace, stations } from '../lib/stations.js';
import { identifier, tiles } from './parts.js';

/** @typedef {import('../lib/state.js').State} State */

class WorkerFigures extends Panel {
  /** @returns {(() => void)[]} */
  begin() {
    return [follow(this, (event) => event.worker_id === state().worker)];
  }

  get heading() {
    return /** @type {const} */ ('worker.figures.title');
  }

  get meaning() {
    return /** @type {const} */ ('worker.figures.meaning');
  }

  /** @param {State} now @returns {import('../lib/panel.js').Question | null} */
  question(now) {
    if (!now.site || !now.worker) return null;
    return { path: '/api/metrics/workers', parameters: { ...asked(now), worker_id: now.worker } };
  }

  /** @param {any} answer */
  coverage(answer) {
    return answer.items[0]?.coverage_percentage;
  }

  /** @param {any} answer */
  draw(answer) {
    const item = answer.items[0];
    const subject = `worker:${item.worker_id}`;
    const figure = (/** @type {string} */ name, /** @type {(value: number | null | undefined) => string} */ format) =>
      this.figure(subject, name, item[name], format);
    return [
      h(
        'p', { class: `current state-${item.current_state}` },
        h('span', { class: 'muted' }, t(isLive() ? 'worker.now' : 'worker.then'), ' '),
        h('span', { class: 'state-word' }, named('state', item.current_state)),
        item.current_workstation_id ? [' · ', whereabouts(item.current_workstation_id)] : null,
        item.last_seen ? h('span', { class: 'muted' }, ` · ${t('worker.seen', { time: exactDateTime(item.last_seen) })}`) : null,
      ),
      tiles([
        { name: 'utilization_percentage', value: figure('utilization_percentage', percent) },
        { name: 'presence_utilization_percentage', value: figure('presence_utilization_percentage', percent) },
        { name: 'availability_percentage', value: figure('availability_percentage', percent) },
        { name: 'coverage_percentage', value: figure('coverage_percentage', percent) },
        { name: 'total_units_produced', value: figure('total_units_produced', number) },
        { name: 'units_per_hour', value: figure('units_per_hour', (value) => number(value, 2, 2)) },
        { name: 'working_us', value: figure('working_us', hours) },
        { name: 'idle_us', value: figure('idle_us', hours) },
        { name: 'absent_us', value: figure('absent_us', hours) },
        { name: 'unknown_us', value: figure('unknown_us', hours) },
      ]),
    ];
  }
}

/**
 * The station where a worker is, and where that station stands.
 * @param {string} station
 */
function whereabouts(station) {
  const name = h('a', { href: link({ page: 'station', station }), 'data-key': 'station' }, identifier(station));
  const place = h('span', { class: 'muted' });
  void stations().then((all) => {
    if (stationName(all, station) !== station) fill(name, identifier(stationName(all, station)));
    fill(place, stationPlace(all.get(station)).map((fact) => [' · ', h('bdi', null, fact)]));
  });
  return h('span', { class: 'whereabouts' }, name, place);
}

export const workerFigures = panel('andon-worker-figures', WorkerFigures);
