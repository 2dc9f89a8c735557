/**
 * What is behind an interval of a time line: the event that opened it, the camera that saw it, and when it became known.
 * @module
 */
import { ask } from '../lib/api.js';
import { fill, h } from '../lib/dom.js';
import { confidence, exactDateTime, exactTime, number, span } from '../lib/format.js';
import { link, state } from '../lib/state.js';
import { named, t } from '../lib/text.js';
import { badge, identifier } from './parts.js';

/** @typedef {import('../draw/timeline.js').TimelineRow} TimelineRow */
/** @typedef {import('../draw/timeline.js').Interval} Interval */

/** A state holds for this long at most, so the event that opened an interval is no older. */
const ttlMaximum = 366 * 86_400_000;
/** Events that arrive within this are on time. */
const lateSeconds = 60;

/**
 * The next microsecond, as the API writes it.
 * @param {string} time RFC 3339 with six fraction digits and `Z`
 */
export function nextMicrosecond(time) {
  const whole = Date.parse(time.slice(0, 19) + 'Z');
  const fraction = Number(time.slice(20, 26)) + 1;
  const seconds = new Date(whole + (fraction === 1_000_000 ? 1000 : 0)).toISOString().slice(0, 19);
  return `${seconds}.${String(fraction % 1_000_000).padStart(6, '0')}Z`;
}

/**
 * @param {TimelineRow} row the worker's
 * @param {Interval} interval
 * @param {{ from: string, known_at: string | null }} window
 * @returns {HTMLElement}
 */
export function evidence(row, interval, window) {
  const words = interval.state === 'unknown' ? t('timeline.unknown') : named('state', interval.state);
  const seconds = (Date.parse(interval.to) - Date.parse(interval.from)) / 1000;
  const heading = h(
    'h3', { class: `state-${interval.state}` }, h('span', { class: 'state-word' }, words), ' ',
    h('span', { class: 'muted' }, `${exactDateTime(interval.from)} – ${exactTime(interval.to)} · ${span(seconds)}`),
  );
  if (interval.state === 'unknown') return h('section', { class: 'evidence-card' }, heading, h('p', null, t('evidence.gap')));
  const event = h('div', { class: 'evidence-event' }, h('p', { class: 'muted' }, t('app.loading')));
  void opening(row, interval, window).then(
    (found) => fill(event, facts(found, interval)),
    () => fill(event, facts(null, interval)),
  );
  return h('section', { class: 'evidence-card' }, heading, event);
}

/** @type {{ key: string, event: Promise<any> } | null} the newest one, because a live panel is drawn again and again */
let last = null;

/**
 * The event that opened an interval; an event never changes, so it is asked for once.
 * @param {TimelineRow} row @param {Interval} interval @param {{ from: string, known_at: string | null }} window
 */
function opening(row, interval, window) {
  const key = JSON.stringify([state().site, row.id, interval.position, interval.created_at]);
  if (last?.key === key) return last.event;
  const made = { key, event: find(row, interval, window) };
  last = made;
  made.event.catch(() => last === made && (last = null));
  return made.event;
}

/**
 * @param {TimelineRow} row @param {Interval} interval @param {{ from: string, known_at: string | null }} window
 */
async function find(row, interval, window) {
  const isCut = interval.from === window.from;
  const from = isCut ? new Date(Date.parse(interval.from) - ttlMaximum).toISOString() : interval.from;
  const created = interval.created_at ?? '';
  const { value } = await ask('/api/events', {
    site_id: state().site, worker_id: row.id, from, to: nextMicrosecond(interval.from), known_at: window.known_at,
    created_from: created, created_to: nextMicrosecond(created), limit: 1000,
  });
  return value.items.find((/** @type {any} */ item) => item.position === interval.position) ?? null;
}

/**
 * @param {any} event null where it could not be read
 * @param {Interval} interval
 */
function facts(event, interval) {
  const created = interval.created_at ?? '';
  const lag = (Date.parse(created) - Date.parse(event?.timestamp ?? interval.from)) / 1000;
  const station = interval.workstation_id ?? '';
  /** @type {[string, import('../lib/dom.js').Child][]} */
  const pairs = [
    [t('evidence.station'), h('a', { href: link({ page: 'station', station }) }, identifier(station))],
    [t('evidence.happened'), exactDateTime(event?.timestamp ?? interval.from)],
    [t('evidence.known'), [
      exactDateTime(created), ' ', lag > lateSeconds ? badge('fair', t('evidence.late', { age: span(lag) })) : h('span', { class: 'muted' }, t('evidence.lag', { age: span(lag) })),
    ]],
    [t('evidence.camera'), event?.camera_id ? identifier(event.camera_id) : '–'],
    [t('evidence.confidence'), event ? confidence(event.confidence) : '–'],
    [t('evidence.model'), event?.model_version ? identifier(event.model_version) : '–'],
    [t('evidence.position'), identifier(interval.position)],
    [t('evidence.events'), number(interval.events ?? 1)],
  ];
  return h('dl', { class: 'facts' }, pairs.map(([name, value]) => h('div', null, h('dt', null, name), h('dd', null, value))));
}
