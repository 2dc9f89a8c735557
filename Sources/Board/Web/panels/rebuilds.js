/**
 * Rebuilds and the generations that they make; for operators.
 * @module
 */
import { h } from '../lib/dom.js';
import { dateTime, number, percent, span } from '../lib/format.js';
import { Panel, panel } from '../lib/panel.js';
import { named, t } from '../lib/text.js';
import { badge, identifier, table } from './parts.js';

const tones = /** @type {Record<string, 'good' | 'fair' | 'bad' | 'plain'>} */ ({ promoted: 'good', level: 'good', building: 'fair', paused: 'fair', failed: 'bad' });

class Rebuilds extends Panel {
  get heading() {
    return /** @type {const} */ ('rebuilds.title');
  }

  get meaning() {
    return /** @type {const} */ ('rebuilds.meaning');
  }

  get showsLate() {
    return false;
  }

  /** @returns {import('../lib/panel.js').Question} */
  question() {
    return { path: '/api/admin/rebuilds', parameters: {} };
  }

  emptyText() {
    return [h('p', null, t('rebuilds.empty')), h('p', { class: 'next' }, t('rebuilds.empty.next'), h('code', null, 'andon rebuild start --reason TEXT'))];
  }

  /** @param {any} answer */
  draw(answer) {
    return table(t('rebuilds.title'), [
      { name: t('rebuilds.id'), cell: (item) => identifier(String(item.id)) },
      { name: t('health.status'), cell: (item) => badge(tones[item.state] ?? 'plain', named('rebuild', item.state)) },
      { name: t('rebuilds.progress'), isNumber: true, cell: (item) => progress(item.totals) },
      { name: t('rebuilds.eta'), isNumber: true, cell: (item) => span(item.totals?.eta_seconds) },
      { name: t('rebuilds.generations'), cell: (item) => (item.partitions ?? []).map((/** @type {any} */ one) => `${one.partition}: ${one.generation ?? '–'}`).slice(0, 8).join(', ') },
      { name: t('rebuilds.reason'), cell: (item) => item.reason ?? '' },
      { name: t('rebuilds.by'), cell: (item) => identifier(item.by) },
      { name: t('rebuilds.created'), cell: (item) => dateTime(item.created_at) },
    ], answer.items);
  }
}

/** @param {any} totals */
function progress(totals) {
  if (!totals || typeof totals.records_total !== 'number') return '–';
  if (totals.records_total === 0) return number(0);
  return `${percent((totals.records_done / totals.records_total) * 100)}`;
}

export const rebuilds = panel('andon-rebuilds', Rebuilds);
