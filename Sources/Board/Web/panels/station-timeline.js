/**
 * Who was at a station, doing what: one row for each worker whom its events name.
 * @module
 */
import { Trouble, ask } from '../lib/api.js';
import { fill, h } from '../lib/dom.js';
import { number } from '../lib/format.js';
import { asked, panel } from '../lib/panel.js';
import { link, state } from '../lib/state.js';
import { t } from '../lib/text.js';
import { showsNames } from '../lib/names.js';
import { identifier } from './parts.js';
import { TimelinePanel, knownEnd } from './timeline-base.js';

/** @typedef {import('../lib/state.js').State} State */
/** @typedef {import('../draw/timeline.js').TimelineRow} TimelineRow */

/** More people in one window are listed and not drawn. */
const workersMaximum = 24;
/** Pages of a thousand events that are looked through for people. */
const pagesMaximum = 5;

class StationTimeline extends TimelinePanel {
  get heading() {
    return /** @type {const} */ ('station.timeline.title');
  }

  get meaning() {
    return /** @type {const} */ ('station.timeline.meaning');
  }

  /** @param {State} now @returns {import('../lib/panel.js').Question | null} */
  question(now) {
    if (!now.site || !now.station) return null;
    return { path: '/api/events', parameters: { ...asked(now), within: null, workstation_id: now.station, limit: 1000 } };
  }

  /** @param {any} answer */
  draw(answer) {
    const url = location.search;
    void this.rows(answer).then(
      ({ rows, end, others, isWhole }) => {
        if (this.answer !== answer || location.search !== url) return;
        fill(
          this.body, this.picture(rows, end, t('station.timeline.label', { station: state().station ?? '' })),
          others.length > 0 ? h('p', null, t('station.timeline.others', { count: number(others.length) }), others.map((id) => [' ', workerLink(id)])) : null,
          isWhole ? null : h('p', { class: 'muted' }, t('station.timeline.part')),
        );
      },
      (error) => {
        if (this.answer !== answer) return;
        fill(this.body, h('p', null, error instanceof Trouble ? `${error.title} ${error.next}` : t('error.page')));
      },
    );
  }

  /** @private @param {any} answer */
  async rows(answer) {
    const { ids, isWhole } = await this.workers(answer);
    const now = state();
    const drawn = ids.slice(0, workersMaximum);
    const asking = { ...asked(now), within: null };
    const [names, answers] = await Promise.all([
      workerNames(drawn), Promise.all(drawn.map((id) => ask('/api/explain', { ...asking, worker_id: id }).catch(absent))),
    ]);
    /** @type {TimelineRow[]} */
    const rows = [];
    let end = answer.meta.to;
    answers.forEach((found, place) => {
      if (!found) return;
      end = knownEnd(found.value);
      const here = found.value.intervals.filter((/** @type {any} */ one) => one.workstation_id === now.station);
      const counts = found.value.counts.filter((/** @type {any} */ one) => one.workstation_id === now.station);
      if (here.length + counts.length > 0) rows.push({ id: drawn[place], label: names.get(drawn[place]) ?? drawn[place], intervals: here, counts, isPart: true });
    });
    rows.sort((one, other) => (one.intervals[0]?.from ?? '~').localeCompare(other.intervals[0]?.from ?? '~'));
    return { rows, end, others: ids.slice(workersMaximum), isWhole };
  }

  /** @private The workers whom the events of the station name. @param {any} answer */
  async workers(answer) {
    /** @type {Set<string>} */
    const ids = new Set();
    const question = this.question(state());
    let page = answer;
    for (let count = 1; ; count += 1) {
      for (const event of page.items) ids.add(event.worker_id);
      if (!page.next_cursor || !question) return { ids: [...ids].sort(), isWhole: true };
      if (count === pagesMaximum) return { ids: [...ids].sort(), isWhole: false };
      page = (await ask(question.path, { ...question.parameters, cursor: page.next_cursor })).value;
    }
  }
}

/**
 * A worker whom a definition has dropped since is not explained; the others are.
 * @param {unknown} error
 */
function absent(error) {
  if (error instanceof Trouble && error.status === 404) return null;
  throw error;
}

/**
 * What workers are called, where the site lets the board say it. Only these are asked for: a site may have a hundred
 * thousand.
 * @param {string[]} ids
 * @returns {Promise<Map<string, string>>}
 */
async function workerNames(ids) {
  if (!showsNames() || ids.length === 0) return new Map();
  const { value } = await ask('/api/metrics/workers', { ...asked(), within: null, worker_id: ids }).catch(() => ({ value: { items: [] } }));
  return new Map(value.items.filter((/** @type {any} */ item) => item.worker_name).map((/** @type {any} */ item) => [item.worker_id, item.worker_name]));
}

/** @param {string} worker */
function workerLink(worker) {
  return h('a', { href: link({ page: 'worker', worker }) }, identifier(worker));
}

export const stationTimeline = panel('andon-station-timeline', StationTimeline);
