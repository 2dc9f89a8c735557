/**
 * How drawings write times: those of the site's clock, or of UTC where buckets are UTC's.
 * @module
 */
import { shortDate, siteZone, time } from '../lib/format.js';

/** @param {string} [zone] another zone than the site's */
export function axis(zone) {
  return {
    zone: zone ?? siteZone() ?? 'UTC',
    time: (/** @type {number} */ when) => time(when, zone),
    date: (/** @type {number} */ when) => shortDate(when, zone),
  };
}
