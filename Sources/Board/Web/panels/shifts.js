/**
 * The shifts of the period, with their handovers.
 * @module
 */
import { serverNow } from '../lib/api.js';
import { fit } from '../draw/fit.js';
import { strip } from '../draw/strip.js';
import { h, s } from '../lib/dom.js';
import { date, number, percent, signed, time } from '../lib/format.js';
import { Panel, asked, panel } from '../lib/panel.js';
import { link, state } from '../lib/state.js';
import { t } from '../lib/text.js';
import { axis } from './axis.js';

class Shifts extends Panel {
  get heading() { return /** @type {const} */ ('shifts.title'); }
  get meaning() { return /** @type {const} */ ('shifts.meaning'); }

  /** @param {import('../lib/state.js').State} now @returns {import('../lib/panel.js').Question} */
  question(now) {
    const { within: _, ...parameters } = asked(now);
    return { path: '/api/metrics/shifts', parameters, topic: 'shifts' };
  }

  emptyText() {
    return h('p', null, t('shifts.empty', { site: state().site ?? '' }));
  }

  /** @param {any} answer */
  draw(answer) {
    const { from, to } = answer.meta;
    const picture = fit((width) => strip(answer.items, {
      label: t('shifts.title'), description: t('shifts.meaning'), from, to, width, time: axis().time, units: (value) => number(value),
      percent: (value) => `${signed(value, 1)} %`, words: { handover: t('shifts.handover'), units: t('figure.total_production_count') },
    }), this.width);
    return [picture, h('ol', { class: 'shifts' }, answer.items.map((/** @type {any} */ one) => this.shift(one)))];
  }

  /** @param {any} one */
  shift(one) {
    const isRunning = one.status === 'running';
    const done = Math.min(1, Math.max(0, (serverNow() - Date.parse(one.start)) / (Date.parse(one.end) - Date.parse(one.start))));
    const bar = s('svg', { class: 'shift-bar', viewBox: '0 0 100 6', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, s('rect', { class: 'track', width: '100', height: '6' }), s('rect', { class: 'done', width: String(done * 100), height: '6' }));
    const dip = one.handover?.dip_percentage;
    const subject = `shift:${one.shift}:${one.start}`;
    const within = link({ from: one.from, to: one.to, period: null });
    return h(
      'li', { class: 'shift' }, h('div', { class: 'shift-head' }, h('a', { href: within, 'data-key': subject }, one.shift), h('span', { class: 'muted' }, `${date(one.start)}, ${time(one.start)}–${time(one.end)}`), h('span', { class: `badge ${isRunning ? 'state-working' : 'over'}` }, t(isRunning ? 'shifts.running' : 'shifts.over'))),
      bar,
      h(
        'div', { class: 'shift-figures' }, h('span', null, this.figure(subject, 'total_production_count', one.total_production_count), ' ', t('figure.total_production_count')),
        h('span', null, this.figure(subject, 'average_utilization_percentage', one.average_utilization_percentage, percent), ' ', t('figure.average_utilization_percentage')),
        one.target_variance_percentage !== null && h('span', null, `${signed(one.target_variance_percentage, 2)} % `, t('figure.target_variance_percentage')),
        h('span', { class: typeof dip === 'number' && dip > 25 ? 'dip dip-deep' : 'dip' }, typeof dip === 'number' ? t('shifts.dip', { value: percent(dip) }) : t('shifts.dip.none')),
        typeof dip === 'number' && h('span', { class: 'muted' }, `${number(one.handover.units_rate, 2, 2)} / ${number(one.handover.baseline_rate, 2, 2)} ${t('figure.units_per_hour')}`),
      ),
    );
  }

  /** @param {any} answer */
  table(answer) {
    const names = ['shift', 'date', 'start', 'end', 'status', 'total_production_count', 'average_utilization_percentage', 'target_units', 'target_variance_percentage', 'coverage_percentage'];
    return [[...names, 'dip_percentage'], ...answer.items.map((/** @type {any} */ one) => [...names.map((name) => one[name]), one.handover?.dip_percentage ?? null])];
  }
}

export const shiftsPanel = panel('andon-shifts', Shifts);
