/**
 * How the figures of a worker or workstation changed as knowledge arrived (`GET /api/history`).
 * @module
 */
import { h } from '../lib/dom.js';
import { exactDateTime, number, percent, signed } from '../lib/format.js';
import { Panel, asked, panel } from '../lib/panel.js';
import { keep, link, state } from '../lib/state.js';
import { named, t } from '../lib/text.js';
import { badge, table } from './parts.js';

/** @typedef {import('../lib/state.js').State} State */

class SubjectHistory extends Panel {
  get heading() {
    return /** @type {const} */ ('subject.history.title');
  }

  get meaning() {
    return /** @type {const} */ ('subject.history.meaning');
  }

  get showsLate() {
    return false;
  }

  /** @param {State} now @returns {import('../lib/panel.js').Question | null} */
  question(now) {
    const subject = now.page === 'worker' ? { worker_id: now.worker } : { workstation_id: now.station };
    if (!now.site || !(now.worker ?? now.station)) return null;
    const limit = now.more.history === '100' ? 100 : 10;
    return { path: '/api/history', parameters: { ...asked(now), within: null, ...subject, limit } };
  }

  emptyText() {
    return h('p', null, t('subject.history.empty'));
  }

  /** @param {any} answer */
  table(answer) {
    return [
      ['created_at', 'cause', 'position', 'utilization_before', 'utilization_after', 'units_before', 'units_after'],
      ...answer.items.map((/** @type {any} */ item) => [
        item.created_at, item.cause, item.position, item.before?.utilization_percentage ?? null, item.after?.utilization_percentage ?? null,
        item.before?.total_units_produced ?? null, item.after?.total_units_produced ?? null,
      ]),
    ];
  }

  /** @param {any} answer */
  draw(answer) {
    const figures = table(t('subject.history.title'), [
      { name: t('subject.history.known'), cell: (item) => moment(item.created_at) },
      { name: t('subject.history.cause'), cell: (item) => cause(item) },
      { name: t('subject.history.events'), isNumber: true, cell: (item) => number(Object.values(item.events ?? {}).reduce((all, one) => all + Number(one), 0)) },
      { name: t('figure.utilization_percentage'), isNumber: true, cell: (item) => change(item, 'utilization_percentage', percent, 2) },
      { name: t('figure.total_units_produced'), isNumber: true, cell: (item) => change(item, 'total_units_produced', number, 0) },
    ], answer.items);
    const more = answer.next_cursor && state().more.history !== '100'
      ? h('button', { type: 'button', class: 'plain', dataset: { key: 'more' }, onclick: () => keep('history', '100') }, t('subject.history.more'))
      : null;
    return [figures, more];
  }
}

/**
 * The moment, as a link that shows the page as it was known then.
 * @param {string} created
 */
function moment(created) {
  return h('a', { href: link({ known_at: created }), 'data-tip': t('subject.history.then') }, exactDateTime(created));
}

/** @param {any} item */
function cause(item) {
  if (item.cause === 'late_event') return badge('fair', t('history.late_event'));
  return badge('plain', named('history', item.cause));
}

/**
 * The figure after the change, and by how much it moved; nothing where it did not.
 * @param {any} item @param {string} name @param {(value: number | null | undefined) => string} format @param {number} digits
 */
function change(item, name, format, digits) {
  const before = item.before?.[name];
  const after = item.after?.[name];
  if (after === undefined && before === undefined) return h('span', { class: 'muted' }, '·');
  const moved = typeof before === 'number' && typeof after === 'number' ? after - before : null;
  return [format(after ?? null), moved === null ? null : h('span', { class: 'since' }, ` ${signed(moved, digits)}`)];
}

export const subjectHistory = panel('andon-subject-history', SubjectHistory);
