/**
 * What has changed since a moment, by how much.
 * @module
 */
import { ask } from './api.js';

/** @typedef {Map<string, Record<string, number | null>>} Differences figures that differ, by `factory`, `worker:ID`, `workstation:ID` */

/** @type {{ question: string, answer: Promise<Differences> } | null} */
let last = null;

/**
 * All differences between what was known at `known_at` and what is known now, for the window of the address.
 * @param {import('./state.js').State} now
 * @returns {Promise<Differences>}
 */
export function differences(now) {
  const parameters = {
    site_id: now.site, from: now.from, to: now.to, period: now.from || now.to ? null : (now.period ?? 'today'),
    within: now.within, known_at_a: now.known_at, differing_only: 'true',
  };
  const question = JSON.stringify(parameters);
  if (last?.question === question) return last.answer;
  const answer = ask('/api/compare', parameters).then(({ value }) => {
    /** @type {Differences} */
    const found = new Map();
    if (value.factory?.differs) found.set('factory', changes(value.factory));
    for (const item of value.workers ?? []) if (item.differs) found.set(`worker:${item.worker_id}`, changes(item));
    for (const item of value.workstations ?? []) if (item.differs) found.set(`workstation:${item.workstation_id}`, changes(item));
    return found;
  });
  last = { question, answer };
  answer.catch(() => (last = null));
  return answer;
}

/**
 * The figures of one item that differ; null where one side has none.
 * @param {any} item
 */
function changes(item) {
  /** @type {Record<string, number | null>} */
  const found = {};
  const names = new Set([...Object.keys(item.a ?? {}), ...Object.keys(item.b ?? {})]);
  for (const name of names) {
    const [before, after] = [item.a?.[name] ?? null, item.b?.[name] ?? null];
    if (before === after) continue;
    found[name] = item.difference?.[name] ?? (typeof before === 'number' && typeof after === 'number' ? after - before : null);
  }
  return found;
}
