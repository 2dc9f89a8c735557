/**
 * How far the figures are behind the log, and how new each site's events are (`GET /api/freshness`).
 * @module
 */
import { h } from '../lib/dom.js';
import { dateTime, number, span } from '../lib/format.js';
import { Panel, panel } from '../lib/panel.js';
import { link } from '../lib/state.js';
import { named, t } from '../lib/text.js';
import { badge, identifier, table } from './parts.js';

const tones = /** @type {Record<string, 'good' | 'fair' | 'bad' | 'plain'>} */ ({ level: 'good', no_input: 'plain', slow: 'fair', stuck: 'bad' });

class Freshness extends Panel {
  get heading() {
    return /** @type {const} */ ('freshness.title');
  }

  get meaning() {
    return /** @type {const} */ ('freshness.meaning');
  }

  get showsLate() {
    return false;
  }

  /** @returns {import('../lib/panel.js').Question} */
  question() {
    return { path: '/api/freshness', parameters: {} };
  }

  /** @param {any} answer */
  isEmpty(answer) {
    return answer.sites.length === 0 && answer.partitions.length === 0 && answer.missing.length === 0;
  }

  emptyText() {
    return h('p', null, t('freshness.empty'));
  }

  /** @param {any} answer */
  table(answer) {
    const names = ['site_id', 'partition', 'state', 'newest_event_time', 'newest_created_at', 'age_seconds'];
    return [names, ...answer.sites.map((/** @type {any} */ site) => names.map((name) => site[name] ?? null))];
  }

  /** @param {any} answer */
  draw(answer) {
    const partitions = answer.partitions.length > 0 && table(t('freshness.partitions'), [
      { name: t('freshness.partition'), cell: (item) => number(item.partition) },
      { name: t('health.status'), cell: (item) => badge(tones[item.state] ?? 'plain', named('lag', item.state)) },
      { name: t('freshness.records'), isNumber: true, cell: (item) => number(item.lag_records) },
      { name: t('freshness.lag'), isNumber: true, cell: (item) => span(item.lag_seconds) },
      { name: t('freshness.rate'), isNumber: true, cell: (item) => number(item.events_per_second, 0, 1) },
      { name: t('freshness.position'), isNumber: true, cell: (item) => number(item.next_offset) },
      { name: t('freshness.reason'), cell: (item) => h('span', { class: 'muted' }, item.reason ?? '') },
    ], answer.partitions);
    return [
      answer.missing.map((/** @type {any} */ one) =>
        h('p', { class: 'bad' }, `⚠ ${t('freshness.missing', { partition: number(one.partition), reason: one.reason })}`)),
      answer.warnings.map((/** @type {string} */ text) => h('p', { class: 'bad' }, `⚠ ${text}`)),
      h('h3', null, t('nav.sites')),
      table(t('nav.sites'), [
        { name: t('nav.site'), cell: (item) => h('a', { href: link({ page: 'site', site: item.site_id }) }, identifier(item.site_id)) },
        { name: t('health.status'), cell: (item) => badge(tones[item.state] ?? 'plain', named('lag', item.state)) },
        { name: t('freshness.age'), isNumber: true, cell: (item) => span(item.age_seconds) },
        { name: t('freshness.known'), cell: (item) => dateTime(item.newest_created_at) },
        { name: t('freshness.happened'), cell: (item) => dateTime(item.newest_event_time) },
      ], answer.sites),
      answer.truncated ? h('p', { class: 'muted' }, t('freshness.truncated')) : null,
      partitions ? [h('h3', null, t('freshness.partitions')), partitions] : null,
    ];
  }
}

export const freshness = panel('andon-freshness', Freshness);
