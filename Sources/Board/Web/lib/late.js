/**
 * How often the past was repaired: events that came after what they belong to had been counted.
 * @module
 */
import { ask } from './api.js';

/** As many as the server gives at once. */
const limit = 100;
const keptMilliseconds = 15_000;

/** @type {{ question: string, at: number, count: Promise<number | null> } | null} */
let last = null;

/**
 * Records with late events that moved a figure of the window of the address; null where that is not known.
 * @param {import('./state.js').State} now
 * @returns {Promise<number | null>}
 */
export function lateRepairs(now) {
  const parameters = {
    factory: 'true', site_id: now.site, from: now.from, to: now.to, period: now.from || now.to ? null : (now.period ?? 'today'),
    known_at: now.known_at, limit,
  };
  const question = JSON.stringify(parameters);
  if (last?.question === question && Date.now() - last.at < keptMilliseconds) return last.count;
  const count = ask('/api/history', parameters).then(
    ({ value }) => value.items.filter((/** @type {any} */ item) => item.cause === 'late_event').length,
    () => null,
  );
  last = { question, at: Date.now(), count };
  return count;
}
