/**
 * Events that are kept but count for nothing, by reason (SPEC 2.7).
 * @module
 */
import { h } from '../lib/dom.js';
import { dateTime, number } from '../lib/format.js';
import { Panel, panel } from '../lib/panel.js';
import { named, t } from '../lib/text.js';
import { camera } from './health-cameras.js';
import { badge, identifier, table } from './parts.js';

/** @typedef {import('../lib/state.js').State} State */

class Quarantine extends Panel {
  get heading() {
    return /** @type {const} */ ('quarantine.title');
  }

  get meaning() {
    return /** @type {const} */ ('quarantine.meaning');
  }

  get showsLate() {
    return false;
  }

  /** @param {State} now @returns {import('../lib/panel.js').Question | null} */
  question(now) {
    return now.site ? { path: '/api/quarantine/stats', parameters: { site_id: now.site } } : null;
  }

  emptyText() {
    return h('p', { class: 'good' }, `✓ ${t('quarantine.empty')}`);
  }

  /** @param {any} answer */
  draw(answer) {
    /** @type {Map<string, number>} */
    const reasons = new Map();
    for (const item of answer.items) reasons.set(item.reason, (reasons.get(item.reason) ?? 0) + item.count);
    return [
      h('ul', { class: 'counts' }, [...reasons].map(([reason, count]) => h('li', null, badge('fair', named('verdict', reason)), ' ', h('strong', null, number(count))))),
      h(
        'details', { class: 'more-rows' }, h('summary', { 'data-key': 'details' }, t('quarantine.details')),
        table(t('quarantine.title'), [
          { name: t('quarantine.reason'), cell: (item) => named('verdict', item.reason) },
          { name: t('now.worker'), cell: (item) => identifier(item.worker_id) },
          { name: t('now.station'), cell: (item) => identifier(item.workstation_id) },
          { name: t('cameras.camera'), cell: (item) => camera(item.camera_id) },
          { name: t('quarantine.count'), isNumber: true, cell: (item) => number(item.count) },
          { name: t('quarantine.newest'), cell: (item) => dateTime(item.newest) },
        ], answer.items),
      ),
    ];
  }
}

export const quarantine = panel('andon-quarantine', Quarantine);
