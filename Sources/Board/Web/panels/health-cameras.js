/**
 * Confidence by camera over the period, the least sure first.
 * @module
 */
import { h } from '../lib/dom.js';
import { confidence, number, percent } from '../lib/format.js';
import { Panel, panel } from '../lib/panel.js';
import { t } from '../lib/text.js';
import { healthQuestion } from './health-question.js';
import { statusBadge } from './health-status.js';
import { identifier, table } from './parts.js';

/** @typedef {import('../lib/state.js').State} State */

class HealthCameras extends Panel {
  get heading() {
    return /** @type {const} */ ('health.cameras.title');
  }

  get meaning() {
    return /** @type {const} */ ('health.cameras.meaning');
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
    return answer.groups.length === 0;
  }

  emptyText() {
    return h('p', null, t('health.empty'));
  }

  /** @param {any} answer */
  table(answer) {
    const names = ['camera_id', 'status', 'avg_confidence', 'samples', 'below_threshold_count'];
    return [names, ...answer.groups.map((/** @type {any} */ group) => names.map((name) => group[name] ?? null))];
  }

  /** @param {any} answer */
  draw(answer) {
    const groups = [...answer.groups].sort((one, other) => (one.avg_confidence ?? 2) - (other.avg_confidence ?? 2));
    return table(t('health.cameras.title'), [
      { name: t('cameras.camera'), cell: (group) => camera(group.camera_id) },
      { name: t('health.status'), cell: (group) => statusBadge(group.avg_confidence) },
      { name: t('figure.avg_confidence'), isNumber: true, cell: (group) => confidence(group.avg_confidence) },
      { name: t('figure.samples'), isNumber: true, cell: (group) => number(group.samples) },
      {
        name: t('figure.below_threshold_count'), isNumber: true,
        cell: (group) => [number(group.below_threshold_count), h('span', { class: 'muted' }, ` ${percent(group.samples > 0 ? (group.below_threshold_count / group.samples) * 100 : null)}`)],
      },
    ], groups);
  }
}

/**
 * A camera's id; events may come without one.
 * @param {string | null | undefined} id
 */
export function camera(id) {
  return id ? identifier(id) : h('span', { class: 'muted' }, t('health.nocamera'));
}

export const healthCameras = panel('andon-health-cameras', HealthCameras);
