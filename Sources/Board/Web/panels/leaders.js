/**
 * The three busiest.
 * @module
 */
import { h } from '../lib/dom.js';
import { number, percent } from '../lib/format.js';
import { workerName } from '../lib/names.js';
import { Panel, asked, figureName, panel } from '../lib/panel.js';
import { hasManyWorkers } from '../lib/sites.js';
import { isLive, link } from '../lib/state.js';
import { t } from '../lib/text.js';

const places = 3;

class Leaders extends Panel {
  get heading() { return /** @type {const} */ ('leaders.title'); }
  get meaning() { return /** @type {const} */ ('leaders.meaning'); }

  /** @param {import('../lib/state.js').State} now @returns {import('../lib/panel.js').Question} */
  question(now) {
    // Live, the list of all workers comes by the stream anyway, unless they are too many.
    const isMany = hasManyWorkers(now.site);
    const few = isLive(now) && !isMany ? {} : { sort: '-utilization_percentage', limit: places };
    return { path: '/api/metrics/workers', parameters: { ...asked(now), ...few }, topic: isMany ? undefined : 'workers' };
  }

  /** @param {any} answer */
  leaders(answer) {
    return answer.items.filter((/** @type {any} */ one) => one.utilization_percentage !== null)
      .sort((/** @type {any} */ a, /** @type {any} */ b) => b.utilization_percentage - a.utilization_percentage).slice(0, places);
  }

  /** @param {any} answer */
  isEmpty(answer) {
    return this.leaders(answer).length === 0;
  }

  /** @param {any} _answer */
  coverage(_answer) {
    return undefined;
  }

  /** @param {any} answer */
  draw(answer) {
    return h('ol', { class: 'leaders' }, this.leaders(answer).map((/** @type {any} */ one, /** @type {number} */ index) => {
      const subject = `worker:${one.worker_id}`;
      return h(
        'li', { class: `leader leader-${index + 1}` }, h('span', { class: 'medal', 'aria-label': t('leaders.place', { place: index + 1 }) }, number(index + 1)),
        h('a', { href: link({ page: 'worker', worker: one.worker_id }), class: 'name', 'data-key': one.worker_id }, workerName(one)),
        h('span', { class: 'leader-figures' },
          h('span', null, figureName('utilization_percentage'), ' ', this.figure(subject, 'utilization_percentage', one.utilization_percentage, percent)),
          h('span', null, figureName('total_units_produced'), ' ', this.figure(subject, 'total_units_produced', one.total_units_produced)),
          h('span', { class: 'muted' }, figureName('coverage_percentage'), ' ', percent(one.coverage_percentage))),
      );
    }));
  }
}

export const leadersPanel = panel('andon-leaders', Leaders);
