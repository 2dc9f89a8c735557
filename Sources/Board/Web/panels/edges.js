/**
 * Edges: the agents between cameras and server.
 * @module
 */
import { h } from '../lib/dom.js';
import { dateTime, number, span } from '../lib/format.js';
import { Panel, panel } from '../lib/panel.js';
import { named, t } from '../lib/text.js';
import { badge, identifier, table } from './parts.js';

/** @typedef {import('../lib/state.js').State} State */

const tones = /** @type {Record<string, 'good' | 'fair' | 'bad' | 'plain'>} */ ({ ok: 'good', buffering: 'fair', silent: 'bad' });

class Edges extends Panel {
  get heading() {
    return /** @type {const} */ ('edges.title');
  }

  get meaning() {
    return /** @type {const} */ ('edges.meaning');
  }

  get showsLate() {
    return false;
  }

  /** @param {State} now @returns {import('../lib/panel.js').Question | null} */
  question(now) {
    return now.site ? { path: '/api/edges', parameters: { site_id: now.site } } : null;
  }

  emptyText() {
    return [
      h('p', null, t('edges.empty')),
      h('p', { class: 'next' }, t('edges.empty.next'), h('code', null, `andon edge --url ${location.origin} --key-file ingest.key`)),
    ];
  }

  /** @param {any} answer */
  draw(answer) {
    return table(t('edges.title'), [
      { name: t('edges.edge'), cell: (item) => identifier(item.edge_id) },
      { name: t('health.status'), cell: (item) => badge(tones[item.status] ?? 'plain', named('edge', item.status)) },
      { name: t('edges.heartbeat'), cell: (item) => dateTime(item.last_heartbeat ?? item.received_at) },
      { name: t('edges.buffered'), isNumber: true, cell: (item) => number(item.buffered) },
      { name: t('edges.dropped'), isNumber: true, cell: (item) => number(item.dropped) },
      { name: t('edges.clock'), isNumber: true, cell: (item) => span(item.clock_offset_seconds) },
    ], answer.items);
  }
}

export const edges = panel('andon-edges', Edges);
