/**
 * The two axes of time: what happened, and what was known of it.
 * @module
 */
import { fill, h } from '../lib/dom.js';
import { localText, siteZone } from '../lib/format.js';
import { serverNow } from '../lib/api.js';
import { siteOf } from '../lib/sites.js';
import { go, state } from '../lib/state.js';
import { t } from '../lib/text.js';
import { windowShown } from '../lib/window.js';
import { onStateWhile } from './header.js';

const periods = /** @type {const} */ ([
  'today', 'yesterday', 'shift', 'previous_shift', 'this_week', 'last_week', 'this_month', 'last_month',
]);

/** The bar, on every page. */
export function timeBar() {
  const bar = h('form', { class: 'time-bar', 'aria-label': t('time.label'), onsubmit: (/** @type {Event} */ event) => event.preventDefault() });
  let isCustom = false;
  let isMoment = false;

  const update = () => {
    const now = state();
    isCustom = now.from !== null || now.to !== null;
    isMoment = now.known_at !== null;
    build();
  };

  const build = () => {
    const focused = document.activeElement?.id ?? '';
    fill(bar, happened(), known());
    const again = focused ? document.getElementById(focused) : null;
    if (again && bar.contains(again)) again.focus();
  };

  const happened = () => {
    const now = state();
    const shifts = siteOf(now.site)?.shifts ?? [];
    const select = h(
      'select', { id: 'time-period', onchange: () => {
        if (select.value !== 'custom') return go({ period: select.value, from: null, to: null });
        isCustom = true;
        build();
      } },
      periods.map((one) => h('option', { value: one, selected: !isCustom && one === (now.period ?? 'today') }, t(`time.period.${one}`))),
      h('option', { value: 'custom', selected: isCustom }, t('time.period.custom')),
    );
    const within = h(
      'select', { id: 'time-within', onchange: () => go({ within: within.value || null }) },
      h('option', { value: '' }, t('time.within.all')), h('option', { value: 'shifts', selected: now.within === 'shifts' }, t('time.within.shifts')),
      shifts.map((name) => h('option', { value: `shift:${name}`, selected: now.within === `shift:${name}` }, t('time.within.shift', { name }))),
    );
    return h(
      'fieldset', null, h('legend', null, t('time.happened')), h('label', { class: 'sr', for: 'time-period' }, t('time.happened')), select,
      isCustom && fromTo(), shifts.length > 0 && [h('label', { class: 'sr', for: 'time-within' }, t('time.within')), within],
    );
  };

  const fromTo = () => {
    const now = state();
    const input = (/** @type {string} */ id, /** @type {string} */ label, /** @type {string | null} */ value) => {
      const element = h('input', { id, type: 'datetime-local', step: '1', value: value ? local(value) : null });
      return { element, field: h('span', { class: 'pair' }, h('label', { for: id }, label), element) };
    };
    const from = input('time-from', t('time.from'), now.from);
    const to = input('time-to', t('time.to'), now.to);
    if (!now.from && !now.to) {
      void windowShown(now).then((shown) => {
        if (!shown || from.element.value || to.element.value) return;
        from.element.value = localText(shown.from);
        to.element.value = localText(shown.to);
      });
    }
    const apply = () => {
      if (!from.element.value && !to.element.value) return;
      go({ period: null, from: from.element.value || null, to: to.element.value || null });
    };
    return [from.field, to.field, h('button', { type: 'submit', id: 'time-apply', onclick: apply }, t('time.apply'))];
  };

  const known = () => {
    const now = state();
    const isShift = now.period === 'shift' || now.period === 'previous_shift';
    const select = h(
      'select', { id: 'time-known', onchange: () => void know(select.value) }, h('option', { value: 'now' }, t('time.known.now')),
      now.site && h('option', { value: 'end' }, t(isShift ? 'time.known.shiftend' : 'time.known.end')), h('option', { value: 'moment', selected: isMoment }, t('time.known.moment')),
    );
    const moment = h('input', { id: 'time-moment', type: 'datetime-local', step: '1', value: now.known_at ? local(now.known_at) : null });
    const compare = h('input', { id: 'time-compare', type: 'checkbox', checked: now.compare, onchange: () => go({ compare: compare.checked }) });
    const apply = () => moment.value && void fixed().then((shown) => go({ ...shown, known_at: moment.value }));
    return h(
      'fieldset', null, h('legend', null, t('time.known')), h('label', { class: 'sr', for: 'time-known' }, t('time.known')), select,
      isMoment && [h('label', { class: 'sr', for: 'time-moment' }, t('time.known.at')), moment, h('button', { type: 'button', id: 'time-know', onclick: apply }, t('time.apply'))],
      now.known_at && now.site && h('span', { class: 'check' }, compare, h('label', { for: 'time-compare' }, t('time.compare'))),
      siteZone() && h('span', { class: 'muted zone' }, t('time.zone', { zone: siteZone() ?? '' })),
    );
  };

  /** @param {string} choice */
  const know = async (choice) => {
    if (choice === 'now') return go({ known_at: null, compare: false });
    if (choice === 'moment') {
      isMoment = true;
      return build();
    }
    const shown = await windowShown(state());
    if (!shown) return build();
    // Nobody knows yet what will be known at the end of a period that runs.
    const end = Math.min(Date.parse(shown.to), serverNow() - 1000);
    go({ ...(await fixed()), known_at: new Date(end).toISOString() });
  };

  update();
  onStateWhile(bar, update);
  return bar;
}

/** The window as it is now, in fixed times: a preset would mean another one as of another moment. */
async function fixed() {
  const shown = await windowShown(state());
  return shown ? { period: null, from: shown.from, to: shown.to } : {};
}

/** @param {string} text a time of the address, with an offset or without, for an input */
function local(text) {
  return /Z$|[+-]\d\d:\d\d$/.test(text) ? localText(text) : text.length === 10 ? `${text}T00:00:00` : text;
}
