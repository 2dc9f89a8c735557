/**
 * The question that several panels of model health share, so that it is asked once.
 * @module
 */
import { asked } from '../lib/panel.js';

/**
 * @param {import('../lib/state.js').State} now
 * @returns {import('../lib/panel.js').Question | null}
 */
export function healthQuestion(now) {
  if (!now.site) return null;
  const { within: _, ...parameters } = asked(now);
  return { path: '/api/metrics/model-health', parameters: { ...parameters, group_by: 'camera' } };
}
