/**
 * What is known of the sites before anything is asked about them: a definition itself may take megabytes.
 * @module
 */
import { ask } from './api.js';

/**
 * @typedef {object} Site
 * @property {string} site_id
 * @property {string} name
 * @property {string} time_zone
 * @property {number} [worker_count]
 * @property {number} [workstation_count]
 * @property {string[]} [shifts] their names
 * @property {boolean} [board_names]
 */

/** Sites with more workers or stations are not asked for all of them. */
const listMaximum = 1000;
/** What is older than this is asked for again when the page changes. */
const learnedMilliseconds = 60_000;

/** @type {Site[]} */
let sites = [];
let learnedAt = -Infinity;

/** All sites that the key may see. */
export function knownSites() {
  return sites;
}

/** @param {string | null} id */
export function siteOf(id) {
  return sites.find((one) => one.site_id === id);
}

/**
 * Whether a site has more workers than one asks for.
 * @param {string | null} id
 */
export function hasManyWorkers(id) {
  return (siteOf(id)?.worker_count ?? 0) > listMaximum;
}

/**
 * Whether a site has more stations than one asks for.
 * @param {string | null} id
 */
export function hasManyStations(id) {
  return (siteOf(id)?.workstation_count ?? 0) > listMaximum;
}

/**
 * Asks for the sites. Without an answer those that were known before stay.
 * @param {string[]} [named] to go on with where none were ever known
 */
export async function learnSites(named = []) {
  try {
    sites = (await ask('/api/sites')).value.items;
    learnedAt = performance.now();
  } catch {
    // Each panel says for itself what is wrong.
    if (sites.length === 0) sites = named.map((id) => ({ site_id: id, name: id, time_zone: 'UTC' }));
  }
}

/**
 * Asks for the sites again where one is not known, or may have been changed since.
 * @param {string | null} id
 */
export async function learnSite(id) {
  if (id !== null && (!siteOf(id) || performance.now() - learnedAt > learnedMilliseconds)) await learnSites();
}
