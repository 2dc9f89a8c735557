/**
 * What the stations of a site are called and where they stand, as its definition says.
 * @module
 */
import { ask } from './api.js';
import { state } from './state.js';

/** @typedef {{ workstation_id: string, name?: string | null, line?: string | null, location?: string | null }} Station */

/** @type {{ question: string, answer: Promise<Map<string, Station>> } | null} */
let last = null;

/**
 * The stations of the site of the address, by id; asked for once, because a definition seldom changes.
 * @returns {Promise<Map<string, Station>>} empty where it cannot be read: ids do then
 */
export function stations() {
  const { site, known_at: known } = state();
  const question = JSON.stringify([site, known]);
  if (last?.question === question) return last.answer;
  const answer = ask('/api/workstations', { site_id: site, known_at: known }).then(
    ({ value }) => new Map(value.items.map((/** @type {Station} */ one) => [one.workstation_id, one])),
  );
  const made = { question, answer: answer.catch(() => new Map()) };
  last = made;
  answer.catch(() => last === made && (last = null));
  return made.answer;
}

/**
 * The name of a station, or its id.
 * @param {Map<string, Station>} all
 * @param {string} id
 */
export function stationName(all, id) {
  return all.get(id)?.name || id;
}

/**
 * Line and location of a station, those that its definition says.
 * @param {Station | undefined} station
 * @returns {string[]}
 */
export function stationPlace(station) {
  return /** @type {string[]} */ ([station?.line, station?.location].filter(Boolean));
}
