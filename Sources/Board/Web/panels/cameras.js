/**
 * Cameras: what they report about themselves, once edges do.
 * @module
 */
import { h } from '../lib/dom.js';
import { dateTime, number, span } from '../lib/format.js';
import { Panel, panel } from '../lib/panel.js';
import { named, t } from '../lib/text.js';
import { camera } from './health-cameras.js';
import { badge, table } from './parts.js';

/** @typedef {import('../lib/state.js').State} State */

const tones = /** @type {Record<string, 'good' | 'fair' | 'bad' | 'plain'>} */ ({ ok: 'good', late: 'fair', clock_ahead: 'fair', silent: 'bad' });

class Cameras extends Panel {
  get heading() {
    return /** @type {const} */ ('cameras.title');
  }

  get meaning() {
    return /** @type {const} */ ('cameras.meaning');
  }

  get showsLate() {
    return false;
  }

  /** @param {State} now @returns {import('../lib/panel.js').Question | null} */
  question(now) {
    return now.site ? { path: '/api/cameras', parameters: { site_id: now.site } } : null;
  }

  emptyText() {
    return h('p', null, t('cameras.empty'));
  }

  /** @param {any} answer */
  draw(answer) {
    return table(t('cameras.title'), [
      { name: t('cameras.camera'), cell: (item) => camera(item.camera_id) },
      { name: t('health.status'), cell: (item) => badge(tones[item.status] ?? 'plain', named('camera', item.status)) },
      { name: t('cameras.newest'), cell: (item) => dateTime(item.newest_event_time) },
      { name: t('cameras.lag'), isNumber: true, cell: (item) => span(item.lag_seconds?.median) },
      { name: t('figure.samples'), isNumber: true, cell: (item) => number(item.samples) },
      { name: t('cameras.quarantined'), isNumber: true, cell: (item) => number(item.quarantined) },
    ], answer.items);
  }
}

export const cameras = panel('andon-cameras', Cameras);
