/**
 * Whether cameras see with another confidence than in the span before (SPEC 6.6).
 * @module
 */
import { h } from '../lib/dom.js';
import { confidence, none, number, signed } from '../lib/format.js';
import { Panel, asked, panel } from '../lib/panel.js';
import { named, t } from '../lib/text.js';
import { camera } from './health-cameras.js';
import { badge, table } from './parts.js';

/** @typedef {import('../lib/state.js').State} State */

const tones = /** @type {Record<string, 'good' | 'fair' | 'bad' | 'plain'>} */ ({ stable: 'good', moderate: 'fair', significant: 'bad' });

/** Fewer on either side say nothing (SPEC 6.6). */
const samplesMinimum = 100;

class HealthDrift extends Panel {
  get heading() {
    return /** @type {const} */ ('health.drift.title');
  }

  get meaning() {
    return /** @type {const} */ ('health.drift.meaning');
  }

  get showsLate() {
    return false;
  }

  /** @param {State} now @returns {import('../lib/panel.js').Question | null} */
  question(now) {
    if (!now.site) return null;
    const { within: _, ...parameters } = asked(now);
    return { path: '/api/metrics/model-health/drift', parameters: { ...parameters, group_by: 'camera' } };
  }

  /** @param {any} answer */
  isEmpty(answer) {
    return answer.samples === 0 && answer.baseline_samples === 0;
  }

  emptyText() {
    return h('p', null, t('health.empty'));
  }

  /** @param {any} answer */
  table(answer) {
    const names = ['camera_id', 'drift', 'psi', 'avg_confidence', 'baseline_avg_confidence', 'samples', 'baseline_samples'];
    return [names, ...[answer, ...answer.groups].map((group) => names.map((name) => group[name] ?? null))];
  }

  /** @param {any} answer */
  draw(answer) {
    const groups = [...answer.groups].sort((one, other) => rank(other) - rank(one));
    return table(t('health.drift.title'), [
      { name: t('cameras.camera'), cell: (group) => (group === answer ? h('strong', null, t('alerts.scope.site')) : camera(group.camera_id)) },
      { name: t('health.drift.kind'), cell: (group) => badge(tones[group.drift] ?? 'plain', named('drift', group.drift)) },
      { name: t('health.drift.psi'), isNumber: true, cell: psi },
      { name: t('figure.avg_confidence'), isNumber: true, cell: (group) => [confidence(group.avg_confidence), h('span', { class: 'since' }, ` ${moved(group)}`)] },
      { name: t('health.drift.before'), isNumber: true, cell: (group) => confidence(group.baseline_avg_confidence) },
      { name: t('figure.samples'), isNumber: true, cell: (group) => `${number(group.samples)} / ${number(group.baseline_samples)}` },
    ], [answer, ...groups]);
  }
}

/** @param {any} group */
function rank(group) {
  return group.drift === 'unknown' ? -1 : group.psi;
}

/**
 * The index, where there are samples enough for it to mean anything.
 * @param {any} group
 */
function psi(group) {
  if (group.drift !== 'unknown') return number(group.psi, 4, 4);
  const reason = t('health.drift.few', {
    least: number(samplesMinimum), samples: number(group.samples), before: number(group.baseline_samples),
  });
  return h('span', { class: 'muted', tabindex: '0', 'data-tip': reason }, none, h('span', { class: 'sr' }, ` ${reason}`));
}

/** @param {any} group */
function moved(group) {
  if (group.avg_confidence === null || group.baseline_avg_confidence === null) return '';
  return signed(group.avg_confidence - group.baseline_avg_confidence, 4);
}

export const healthDrift = panel('andon-health-drift', HealthDrift);
