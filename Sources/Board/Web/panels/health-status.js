/**
 * How sure the camera model is, over the period (SPEC 6.2).
 * @module
 */
import { fit } from '../draw/fit.js';
import { confidenceStep } from '../draw/scale.js';
import { h } from '../lib/dom.js';
import { confidence, number, percent } from '../lib/format.js';
import { Panel, panel } from '../lib/panel.js';
import { state } from '../lib/state.js';
import { named, t } from '../lib/text.js';
import { badge, tiles } from './parts.js';
import { healthQuestion } from './health-question.js';
import { histogram } from '../draw/histogram.js';

/** @typedef {import('../lib/state.js').State} State */

class HealthStatus extends Panel {
  get heading() {
    return /** @type {const} */ ('health.status.title');
  }

  get meaning() {
    return /** @type {const} */ ('health.status.meaning');
  }

  get showsLate() {
    return false;
  }

  /** @param {State} now */
  question(now) {
    return healthQuestion(now);
  }

  /** @param {any} answer */
  isEmpty(answer) {
    return answer.samples === 0;
  }

  emptyText() {
    return [
      h('p', null, t('health.empty')),
      h('p', { class: 'next' }, t('empty.next', { command: `andon import FILE --site ${state().site ?? ''}` })),
    ];
  }

  /** @param {any} answer */
  draw(answer) {
    const share = answer.samples > 0 ? (answer.below_threshold_count / answer.samples) * 100 : null;
    return [
      h('p', { class: 'current' }, statusBadge(answer.avg_confidence), ' ', h('span', { class: 'muted' }, t(statusText(answer.avg_confidence)))),
      tiles([
        { name: 'avg_confidence', value: this.figure('model', 'avg_confidence', answer.avg_confidence, confidence) },
        { name: 'samples', value: this.figure('model', 'samples', answer.samples, number) },
        {
          name: 'below_threshold_count', value: this.figure('model', 'below_threshold_count', answer.below_threshold_count, number),
          note: share === null ? null : percent(share),
        },
      ]),
      h('h3', null, t('health.histogram')),
      fit((width) => histogram(answer.histogram, {
        label: t('health.histogram'), description: t('health.histogram.keys'), width, value: (value) => number(value), edge: (value) => number(value, 1, 2),
      }), this.width),
    ];
  }

  /** @param {any} answer */
  table(answer) {
    return [['from', 'to', 'samples'], ...answer.histogram.map((/** @type {number} */ count, /** @type {number} */ bin) => [bin / 20, (bin + 1) / 20, count])];
  }
}

const tones = /** @type {const} */ ({ none: 'plain', critical: 'bad', warning: 'fair', healthy: 'good' });

/** @param {number | null} average */
export function statusBadge(average) {
  const step = confidenceStep(average);
  return badge(tones[step], named('confidence', step));
}

/** @param {number | null} average */
function statusText(average) {
  return /** @type {import('../lib/text.js').TextKey} */ (`confidence.${confidenceStep(average)}.meaning`);
}

export const healthStatus = panel('andon-health-status', HealthStatus);
