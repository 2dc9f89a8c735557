/**
 * The stations, coloured by utilization.
 * @module
 */
import { fill, h } from '../lib/dom.js';
import { number, percent } from '../lib/format.js';
import { Panel, asked, panel } from '../lib/panel.js';
import { link } from '../lib/state.js';
import { t } from '../lib/text.js';
import { signs, step } from '../lib/tiles.js';

/** More tiles than a person looks at; the rest is found by typing. */
const tilesMaximum = 120;

class Grid extends Panel {
  get heading() { return /** @type {const} */ ('grid.title'); }
  get meaning() { return /** @type {const} */ ('grid.meaning'); }

  sought = '';
  /** @type {Map<string, { tile: HTMLAnchorElement, shown: string }>} */
  tiles = new Map();
  /** @type {HTMLElement | null} */
  place = null;
  order = '';
  search = h('input', {
    type: 'search', class: 'search', 'aria-label': t('grid.search'), placeholder: t('grid.search'), hidden: true,
    oninput: () => {
      this.sought = this.search.value.toLowerCase();
      this.redraw();
    },
  });
  more = h('p', { class: 'muted' });

  /** @param {import('../lib/state.js').State} now @returns {import('../lib/panel.js').Question} */
  question(now) {
    return { path: '/api/metrics/workstations', parameters: asked(now), topic: 'workstations' };
  }

  controls() {
    return this.search;
  }

  /**
   * Changes only the tiles that show something else.
   * @param {any} answer
   */
  draw(answer) {
    const found = answer.items.filter((/** @type {any} */ one) => `${one.workstation_name ?? ''} ${one.workstation_id}`.toLowerCase().includes(this.sought));
    const shown = found.slice(0, tilesMaximum);
    this.search.hidden = answer.items.length <= 24;
    this.more.textContent = found.length > shown.length ? t('grid.more', { shown: number(shown.length), all: number(found.length) }) : '';
    const order = shown.map((/** @type {any} */ one) => one.workstation_id).join('\n');
    if (!this.place || this.order !== order || !this.body.contains(this.place)) {
      this.order = order;
      this.tiles.clear();
      this.place = h('div', { class: 'tiles' }, shown.map((/** @type {any} */ one) => this.tile(one)));
      fill(this.body, this.legend(), this.place, this.more);
    }
    for (const one of shown) this.update(one);
  }

  legend() {
    const ranges = ['–', '0–20', '20–40', '40–60', '60–80', '80–100 %'];
    return h('div', { class: 'legend', 'aria-hidden': 'true' }, h('span', null, t('grid.legend')), ranges.map((text, index) => h('span', { class: `key step-${index}` }, `${signs[index]} ${text}`)));
  }

  /** @param {any} one */
  tile(one) {
    const tile = h('a', { class: 'tile', href: link({ page: 'station', station: one.workstation_id }), 'data-key': one.workstation_id });
    this.tiles.set(one.workstation_id, { tile, shown: '' });
    return tile;
  }

  /** @param {any} one */
  update(one) {
    const entry = this.tiles.get(one.workstation_id);
    const name = one.workstation_name || one.workstation_id;
    const level = step(one.utilization_percentage);
    const since = this.since?.get(`workstation:${one.workstation_id}`) ? ' differs' : '';
    const values = {
      name, utilization: percent(one.utilization_percentage), occupancy: percent(one.occupancy_percentage),
      workers: number(one.current_workers), units: number(one.total_units_produced),
    };
    const shown = JSON.stringify([values, level, since]);
    if (!entry || entry.shown === shown) return;
    const subject = `workstation:${one.workstation_id}`;
    entry.shown = shown;
    entry.tile.className = `tile step-${level}${since}`;
    entry.tile.setAttribute('data-tip', t('grid.tile', values));
    fill(
      entry.tile, h('span', { class: 'tile-name' }, name),
      h('span', { class: 'tile-value' }, h('span', { class: 'tile-sign', 'aria-hidden': 'true' }, signs[level]), ' ', this.figure(subject, 'utilization_percentage', one.utilization_percentage, percent)),
      h('span', { class: 'tile-more' }, `${values.units} · `, h('span', { class: 'people' }, `${values.workers} ☺`)),
    );
    entry.tile.setAttribute('aria-label', t('grid.tile', values));
  }
}

export const gridPanel = panel('andon-grid', Grid);
