/**
 * Links to the printable weekly report (SPEC 6.5).
 * @module
 */
import { address, serverNow } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { localText } from '../lib/format.js';
import { state } from '../lib/state.js';
import { t } from '../lib/text.js';

const day = 86_400_000;

/**
 * The ISO week of a date, as the API takes it: `2026-W03`.
 * @param {string} date `2026-01-12`, of the site's calendar
 */
export function isoWeek(date) {
  const at = Date.parse(`${date}T00:00:00Z`);
  // The week belongs to the year in which its Thursday lies.
  const thursday = new Date(at + (3 - ((new Date(at).getUTCDay() + 6) % 7)) * day);
  const first = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  const week = 1 + Math.floor((thursday.getTime() - first) / (7 * day));
  return `${String(thursday.getUTCFullYear()).padStart(4, '0')}-W${String(week).padStart(2, '0')}`;
}

/** This week and the four before it. */
export function reportLinks() {
  const today = localText(serverNow()).slice(0, 10);
  const weeks = [0, 1, 2, 3, 4].map((back) => isoWeek(new Date(Date.parse(`${today}T00:00:00Z`) - back * 7 * day).toISOString().slice(0, 10)));
  const href = (/** @type {string} */ week) =>
    address('/api/metrics/model-health/report', { site_id: state().site, week, known_at: state().known_at });
  return h(
    'nav', { class: 'report-links', 'aria-label': t('health.report') }, h('span', null, t('health.report')), ' ',
    weeks.map((week, place) => h('a', { href: href(week), target: '_blank', rel: 'noopener' }, place === 0 ? t('health.report.running', { week }) : week)),
  );
}
