/**
 * Which stretch of time the address means, as the server reads it.
 * @module
 */
import { ask } from './api.js';

/** @type {{ question: string, answer: Promise<{ from: string, to: string } | null> } | null} */
let last = null;

/**
 * The window of the figures: its start, and its end even where that is still to come.
 * @param {import('./state.js').State} now
 * @returns {Promise<{ from: string, to: string } | null>} null: the server does not say
 */
export function windowShown(now) {
  if (!now.site) return Promise.resolve(null);
  const parameters = {
    site_id: now.site, from: now.from, to: now.to, period: now.from || now.to ? null : (now.period ?? 'today'),
    within: now.within, known_at: now.known_at,
  };
  // The factory's figures are asked for anyway, and requests for one answer are shared.
  const question = JSON.stringify(parameters);
  if (last?.question === question) return last.answer;
  const answer = ask('/api/metrics/factory', parameters).then(
    ({ value }) => ({ from: value.meta.from, to: value.meta.to }), () => null,
  );
  last = { question, answer };
  void answer.then((found) => found === null && last?.answer === answer && (last = null));
  return answer;
}
