/**
 * Numbers, dates and times in the language of the page and the zone of the site.
 * @module
 */

let locale = 'en';
/** @type {string | undefined} */
let zone;

/** @type {Map<string, any>} */
const cache = new Map();

/**
 * @template T
 * @param {string} key
 * @param {() => T} make
 * @returns {T}
 */
function cached(key, make) {
  const found = cache.get(key);
  if (found) return found;
  const made = make();
  cache.set(key, made);
  return made;
}

/**
 * Numbers and dates are written as the browser's user is used to, where that fits the language.
 * @param {string} language
 */
export function setLanguage(language) {
  locale = navigator.languages.find((one) => one === language || one.startsWith(language + '-')) ?? (language === 'en' ? 'en-GB' : language);
  cache.clear();
}

/**
 * Times are those of the site's clock.
 * @param {string | null | undefined} name IANA
 */
export function setZone(name) {
  zone = name ?? undefined;
  cache.clear();
}

/** The zone of the times on the page. */
export function siteZone() {
  return zone;
}

/** What stands where a figure is not known. */
export const none = '–';

/**
 * @param {number | null | undefined} value
 * @param {number} [least] digits after the point
 * @param {number} [most]
 */
export function number(value, least = 0, most = Math.max(least, 4)) {
  if (value === null || value === undefined) return none;
  const key = `n${least}.${most}`;
  return cached(key, () => new Intl.NumberFormat(locale, { minimumFractionDigits: least, maximumFractionDigits: most })).format(value);
}

/**
 * Two digits, as the server rounds it.
 * @param {number | null | undefined} value already in percent
 */
export function percent(value) {
  return value === null || value === undefined ? none : `${number(value, 2, 2)} %`;
}

/**
 * With a sign.
 * @param {number | null | undefined} value
 * @param {number} [digits]
 */
export function signed(value, digits = 0) {
  if (value === null || value === undefined) return none;
  const key = `s${digits}`;
  return cached(
    key,
    () => new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: 'exceptZero' }),
  ).format(value);
}

/** @param {number | null | undefined} value to four digits, as the server rounds it */
export function confidence(value) {
  return number(value, 4, 4);
}

/**
 * Hours and minutes.
 * @param {number | null | undefined} microseconds
 */
export function hours(microseconds) {
  if (microseconds === null || microseconds === undefined) return none;
  const minutes = Math.round(microseconds / 60e6);
  return `${number(Math.floor(minutes / 60))}:${String(minutes % 60).padStart(2, '0')} h`;
}

/**
 * A length of time in its two largest units, e.g. `3 min 20 s`.
 * @param {number | null | undefined} seconds
 */
export function span(seconds) {
  if (seconds === null || seconds === undefined) return none;
  const sign = seconds < 0 ? '−' : '';
  const all = Math.abs(seconds);
  if (all < 10) return `${sign}${number(all, 0, 1)} s`;
  const whole = Math.round(all);
  /** @type {[number, string][]} */
  const units = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
  const first = units.findIndex(([size]) => whole >= size);
  const [size, unit] = units[first] ?? [1, 's'];
  const rest = whole % size;
  const next = units[first + 1];
  const more = next ? Math.floor(rest / next[0]) : 0;
  return `${sign}${number(Math.floor(whole / size))} ${unit}${next && more > 0 ? ` ${more} ${next[1]}` : ''}`;
}

/**
 * @param {string} style
 * @param {Intl.DateTimeFormatOptions} options
 * @param {string | number | Date | null | undefined} when
 * @param {string} [of] another zone than the site's
 */
function dated(style, options, when, of) {
  if (when === null || when === undefined) return none;
  const timeZone = of ?? zone;
  const at = typeof when === 'string' ? instant(when) : when;
  return cached(`d${style}${timeZone}`, () => new Intl.DateTimeFormat(locale, { ...options, timeZone, hourCycle: 'h23' })).format(at);
}

/** @param {string | number | Date | null | undefined} when @param {string} [of] */
export function time(when, of) {
  return dated('t', { hour: '2-digit', minute: '2-digit' }, when, of);
}

/** @param {string | number | Date | null | undefined} when @param {string} [of] */
export function exactTime(when, of) {
  return dated('x', { hour: '2-digit', minute: '2-digit', second: '2-digit' }, when, of);
}

/** @param {string | number | Date | null | undefined} when @param {string} [of] */
export function date(when, of) {
  return dated('d', { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' }, when, of);
}

/** @param {string | number | Date | null | undefined} when @param {string} [of] */
export function shortDate(when, of) {
  return dated('h', { day: 'numeric', month: 'short' }, when, of);
}

/** @param {string | number | Date | null | undefined} when @param {string} [of] */
export function dateTime(when, of) {
  return dated('m', { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' }, when, of);
}

/** @param {string | number | Date | null | undefined} when @param {string} [of] */
export function exactDateTime(when, of) {
  return dated('e', { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' }, when, of);
}

/**
 * A stretch of time, with the date once where both ends are on one day.
 * @param {string} from
 * @param {string} to
 */
export function period(from, to) {
  const sameDay = date(from) === date(instant(to) - 1);
  // Whole days need no times.
  if (localText(from).endsWith('T00:00:00') && localText(to).endsWith('T00:00:00')) return sameDay ? date(from) : `${date(from)} – ${date(instant(to) - 1)}`;
  return sameDay ? `${date(from)}, ${time(from)}–${time(to)}` : `${dateTime(from)} – ${dateTime(to)}`;
}

/**
 * A moment as the site's clock shows it, the way inputs and the API take it: `2026-01-12T06:00:00`.
 * @param {string | number | Date} when
 */
export function localText(when) {
  const parts = cached(
    `l${zone}`,
    () =>
      new Intl.DateTimeFormat('en-GB', {
        year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
        timeZone: zone, hourCycle: 'h23',
      }),
  ).formatToParts(typeof when === 'string' ? Date.parse(when) : when);
  /** @param {string} type */
  const part = (type) => parts.find((/** @type {{ type: string }} */ one) => one.type === type)?.value ?? '00';
  return `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}T${part('hour')}:${part('minute')}:${part('second')}`;
}

/**
 * The moment of a time of the address: with an offset, or as the site's clock shows it.
 * @param {string} text
 * @returns {number} milliseconds since 1970
 */
export function instant(text) {
  if (/(Z|[+-]\d\d:\d\d)$/.test(text)) return Date.parse(text);
  const guess = Date.parse(`${text.length === 10 ? `${text}T00:00:00` : text}Z`);
  const offset = (/** @type {number} */ at) => Date.parse(`${localText(at)}Z`) - at;
  // Twice, because the first guess may lie on the other side of a change of clocks.
  return guess - offset(guess - offset(guess));
}
