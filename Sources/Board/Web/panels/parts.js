/**
 * What several panels are made of.
 * @module
 */
import { h } from '../lib/dom.js';
import { number } from '../lib/format.js';
import { figureName } from '../lib/panel.js';
import { state } from '../lib/state.js';
import { t } from '../lib/text.js';

/** @typedef {import('../lib/dom.js').Child} Child */

/** Rows of a table beyond this are left to the CSV. */
const rowsMaximum = 200;

/**
 * Figures in a row, each with its name and definition.
 * @param {{ name: string, value: Child, note?: Child }[]} tiles
 */
export function tiles(tiles) {
  return h(
    'dl', { class: 'kpis' },
    tiles.map(({ name, value, note }) =>
      h(
        'div', { class: 'kpi', dataset: { kpi: name } }, h('dt', { class: 'kpi-name' }, figureName(name)), h('dd', { class: 'kpi-value' }, value),
        note ? h('dd', { class: 'kpi-more' }, note) : null,
      ),
    ),
  );
}

/**
 * @typedef {object} Column
 * @property {string} name as it is read
 * @property {boolean} [isNumber]
 * @property {(item: any) => Child} cell
 */

/**
 * A table of items; of very many only the first.
 * @param {string} caption
 * @param {Column[]} columns
 * @param {any[]} items
 */
export function table(caption, columns, items) {
  const side = (/** @type {Column} */ column) => (column.isNumber ? 'number' : null);
  const shown = items.slice(0, rowsMaximum);
  return h(
    'div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption, dataset: { key: 'table' } },
    h(
      'table', { class: 'rows parts' }, h('caption', { class: 'sr' }, caption),
      h('thead', null, h('tr', null, columns.map((column) => h('th', { scope: 'col', class: side(column) }, column.name)))),
      h(
        'tbody', null,
        shown.map((item) =>
          h('tr', null, columns.map((column, place) =>
            place === 0 ? h('th', { scope: 'row', class: side(column) }, column.cell(item)) : h('td', { class: side(column) }, column.cell(item)))),
        ),
      ),
    ),
    items.length > shown.length ? h('p', { class: 'more' }, t('table.more', { shown: number(shown.length), all: number(items.length) })) : null,
  );
}

/**
 * A word with a sign, e.g. the status of a camera; colour is never alone.
 * @param {'good' | 'fair' | 'bad' | 'plain'} tone
 * @param {string} text
 */
export function badge(tone, text) {
  const sign = { good: '✓', fair: '~', bad: '✕', plain: '' }[tone];
  return h('span', { class: `badge badge-${tone}` }, sign ? h('span', { 'aria-hidden': 'true' }, `${sign} `) : null, text);
}

/**
 * An id, or a name with it: never broken by what is in it.
 * @param {string | null | undefined} text
 */
export function identifier(text) {
  return h('bdi', { class: 'identifier', title: text ?? '' }, text ?? '–');
}

/**
 * Buttons of which one is chosen.
 * @param {string} label
 * @param {{ value: string, text: string }[]} choices
 * @param {string} chosen
 * @param {(value: string) => void} act
 */
export function choice(label, choices, chosen, act) {
  return h(
    'div', { class: 'choice', role: 'group', 'aria-label': label },
    choices.map(({ value, text }) =>
      h('button', {
        type: 'button', 'aria-pressed': value === chosen ? 'true' : 'false', dataset: { key: `choice ${value}` },
        onclick: (/** @type {MouseEvent} */ event) => keepingFocus(event, () => act(value)),
      }, text)),
  );
}

/**
 * Acts, and puts the focus back on the button's successor where the head of its panel was drawn anew meanwhile.
 * @param {MouseEvent} event of a button with `data-key`
 * @param {() => void} act
 */
export function keepingFocus(event, act) {
  const button = /** @type {HTMLElement} */ (event.currentTarget);
  const holder = button.closest('.panel');
  const hadFocus = document.activeElement === button;
  act();
  if (!hadFocus || button.isConnected || !holder) return;
  for (const other of holder.querySelectorAll('button')) if (other.dataset.key === button.dataset.key) other.focus();
}

/** The step of a trend or heat map that fits the period of the address, unless one was chosen. */
export function bucket(now = state()) {
  if (now.more.bucket === 'hour' || now.more.bucket === 'day') return now.more.bucket;
  if (now.from && now.to) return Date.parse(now.to) - Date.parse(now.from) > 3 * 86_400_000 ? 'day' : 'hour';
  return /week|month/.test(now.period ?? '') ? 'day' : 'hour';
}
