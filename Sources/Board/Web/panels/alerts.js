/**
 * Alerts of the camera model.
 * @module
 */
import { h } from '../lib/dom.js';
import { confidence, dateTime, number } from '../lib/format.js';
import { Panel, asked, panel } from '../lib/panel.js';
import { link } from '../lib/state.js';
import { named, t } from '../lib/text.js';

const shownMaximum = 50;

class Alerts extends Panel {
  get heading() { return /** @type {const} */ ('alerts.title'); }
  get meaning() { return /** @type {const} */ ('alerts.meaning'); }
  get showsLate() { return false; }

  /** @param {import('../lib/state.js').State} now @returns {import('../lib/panel.js').Question} */
  question(now) {
    const { within: _, ...parameters } = asked(now);
    return { path: '/api/alerts', parameters, topic: 'alerts' };
  }

  emptyText() {
    return h('p', { class: 'good' }, `✓ ${t('alerts.empty')}`);
  }

  /** @param {any} answer */
  draw(answer) {
    return h('ul', { class: 'alerts' }, answer.items.slice(0, shownMaximum).map((/** @type {any} */ one) => {
      const scope = one.scope === 'site' ? t('alerts.scope.site') : one.scope.replace(/^\w+:/, '');
      return h(
        'li', { class: `alert alert-${one.severity}` }, h('span', { class: `badge severity-${one.severity}` }, `${one.severity === 'critical' ? '✖' : '⚠'} ${named('severity', one.severity)}`),
        h('a', { href: link({ page: 'health' }), 'data-key': `${one.kind} ${one.scope} ${one.hour}` }, `${named('alert', one.kind)}: ${scope}`),
        one.current && h('span', { class: 'badge' }, t('alerts.current')), h('span', { class: 'muted' }, dateTime(one.hour)),
        h('span', { class: 'muted' }, t('alerts.of', { average: confidence(one.average), samples: number(one.samples), reference: confidence(one.reference) })),
      );
    }));
  }
}

export const alertsPanel = panel('andon-alerts', Alerts);
