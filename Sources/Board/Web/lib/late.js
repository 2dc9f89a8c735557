/**
 * How often the past was repaired: events that came after what they belong to had been counted.
 * @module
 */
import { ask } from './api.js';
import { hasManyWorkers } from './sites.js';
import { isLive } from './state.js';

/** Changes that the server looks at for one answer. */
const pageChanges = 100;
/** Answers for a window that is over, whose figures seldom change again; a live one is asked about again and again. */
const pagesMaximum = 10;
const keptMilliseconds = 15_000;

/**
 * @typedef {object} LateRepairs
 * @property {number} count
 * @property {boolean} isWhole whether all changes of the window were looked at, and not just the newest
 */

/** @type {{ question: string, at: number, found: Promise<LateRepairs | null> } | null} */
let last = null;

/**
 * Moments at which late events moved a figure of the window of the address; null where that is not known.
 *
 * The server goes back through what changed the figures, newest first, and each step costs what it moved. A long busy window
 * has more changes than anybody wants to wait for, so the count may be one of the newest alone, and says so. Of very many
 * workers each answer takes ten seconds, in which others wait, so there nothing is counted.
 * @param {import('./state.js').State} now
 * @returns {Promise<LateRepairs | null>}
 */
export function lateRepairs(now) {
  if (hasManyWorkers(now.site)) return Promise.resolve(null);
  const parameters = {
    factory: 'true', site_id: now.site, from: now.from, to: now.to, period: now.from || now.to ? null : (now.period ?? 'today'),
    known_at: now.known_at, limit: pageChanges,
  };
  const question = JSON.stringify(parameters);
  if (last?.question === question && Date.now() - last.at < keptMilliseconds) return last.found;
  const found = count(parameters, isLive(now) ? 1 : pagesMaximum).catch(() => null);
  last = { question, at: Date.now(), found };
  return found;
}

/**
 * @param {import('./api.js').Parameters} parameters
 * @param {number} pages
 * @returns {Promise<LateRepairs>}
 */
async function count(parameters, pages) {
  let count = 0;
  /** @type {string | null} */
  let cursor = null;
  for (let page = 0; page < pages; page += 1) {
    /** @type {any} */
    const { value } = await ask('/api/history', { ...parameters, cursor });
    count += value.items.filter((/** @type {any} */ item) => item.cause === 'late_event').length;
    cursor = value.next_cursor ?? null;
    if (cursor === null) return { count, isWhole: true };
  }
  return { count, isWhole: false };
}
