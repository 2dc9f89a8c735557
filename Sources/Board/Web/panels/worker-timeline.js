/**
 * What a worker did, and how that is known (SPEC 5.9).
 * @module
 */
import { asked, panel } from '../lib/panel.js';
import { state } from '../lib/state.js';
import { t } from '../lib/text.js';
import { follow } from './follow.js';
import { TimelinePanel, knownEnd } from './timeline-base.js';

/** @typedef {import('../lib/state.js').State} State */

class WorkerTimeline extends TimelinePanel {
  /** @returns {(() => void)[]} */
  begin() {
    return [follow(this, (event) => event.worker_id === state().worker)];
  }

  get heading() {
    return /** @type {const} */ ('worker.timeline.title');
  }

  get meaning() {
    return /** @type {const} */ ('worker.timeline.meaning');
  }

  /** @param {State} now @returns {import('../lib/panel.js').Question | null} */
  question(now) {
    if (!now.site || !now.worker) return null;
    // All hours, also those between shifts: what is left out of the figures is no gap.
    return { path: '/api/explain', parameters: { ...asked(now), within: null, worker_id: now.worker } };
  }

  isEmpty() {
    return false;
  }

  /** @param {any} answer */
  coverage(answer) {
    const { elapsed_us: elapsed, unknown_us: unknown } = answer.totals;
    return elapsed > 0 ? (1 - unknown / elapsed) * 100 : null;
  }

  /** @param {any} answer */
  table(answer) {
    const names = ['state', 'workstation_id', 'from', 'to', 'events', 'position', 'created_at'];
    return [names, ...answer.intervals.map((/** @type {any} */ one) => names.map((name) => one[name] ?? null))];
  }

  /** @param {any} answer */
  draw(answer) {
    const worker = state().worker ?? '';
    const row = { id: worker, label: '', intervals: answer.intervals, counts: answer.counts };
    return this.picture([row], knownEnd(answer), t('worker.timeline.label', { worker }));
  }
}

export const workerTimeline = panel('andon-worker-timeline', WorkerTimeline);
