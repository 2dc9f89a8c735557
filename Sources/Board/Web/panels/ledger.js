/**
 * What became of every event that was received (SPEC 7.4).
 * @module
 */
import { h } from '../lib/dom.js';
import { number } from '../lib/format.js';
import { Panel, panel } from '../lib/panel.js';
import { named, t } from '../lib/text.js';
import { tiles } from './parts.js';

/** @typedef {import('../lib/state.js').State} State */

const parts = ['folded', 'duplicates', 'low_confidence', 'quarantined'];

class Ledger extends Panel {
  get heading() {
    return /** @type {const} */ ('ledger.title');
  }

  get meaning() {
    return /** @type {const} */ ('ledger.meaning');
  }

  get showsLate() {
    return false;
  }

  /** @param {State} now @returns {import('../lib/panel.js').Question | null} */
  question(now) {
    return now.site ? { path: '/api/ledger', parameters: { site_id: now.site } } : null;
  }

  /** @param {any} answer */
  table(answer) {
    const names = ['received', ...parts, 'definitions'];
    return [names, names.map((name) => answer[name])];
  }

  /** @param {any} answer */
  draw(answer) {
    const sum = parts.reduce((total, name) => total + answer[name], 0);
    const rejected = Object.entries(answer.rejected ?? {});
    return [
      tiles(['received', ...parts, 'definitions'].map((name) => ({ name, value: this.figure('ledger', name, answer[name], number) }))),
      // The sum is what the ledger is for: it is shown, and whether it holds.
      h('p', { class: sum === answer.received ? 'good' : 'bad' }, sum === answer.received ? `✓ ${t('ledger.holds')}` : `✕ ${t('ledger.broken', { sum: number(sum) })}`),
      rejected.length > 0
        ? h('p', { class: 'muted' }, t('ledger.rejected'), ' ', rejected.map(([code, count]) => `${named('verdict', code)}: ${number(Number(count))}`).join(' · '))
        : null,
    ];
  }
}

export const ledger = panel('andon-ledger', Ledger);
