/**
 * The stations, coloured by utilization.
 * @module
 */
import { fill, h } from '../lib/dom.js';
import { number, percent } from '../lib/format.js';
import { Panel, asked, panel } from '../lib/panel.js';
import { hasManyStations, siteOf } from '../lib/sites.js';
import { link, state } from '../lib/state.js';
import { t } from '../lib/text.js';
import { signs, step } from '../lib/tiles.js';
import { Seeker } from './seek.js';

/** More tiles than a person looks at; the rest is found by typing. */
const tilesMaximum = 120;
const path = '/api/metrics/workstations';

/** @typedef {{ element: HTMLAnchorElement, name: HTMLElement, sign: HTMLElement, figure: HTMLElement, units: Text, people: HTMLElement, shown: string }} Tile */

class Grid extends Panel {
  get heading() { return /** @type {const} */ ('grid.title'); }
  get meaning() { return /** @type {const} */ ('grid.meaning'); }

  /** @type {Seeker} */
  seeker = new Seeker(this, t('grid.search'), path, 'workstation_id', () => hasManyStations(state().site));
  /** @type {Map<string, Tile>} */
  tiles = new Map();
  /** @type {HTMLElement | null} */
  place = null;
  order = '';
  more = h('p', { class: 'muted' });

  /** @param {import('../lib/state.js').State} now @returns {import('../lib/panel.js').Question} */
  question(now) {
    // Of very many the first: all of them would be megabytes.
    if (hasManyStations(now.site)) return { path, parameters: { ...asked(now), limit: tilesMaximum } };
    return { path, parameters: asked(now), topic: 'workstations' };
  }

  /** @returns {import('../lib/dom.js').Child} */
  controls() {
    return this.seeker.field;
  }

  /**
   * Changes only what tiles show anew.
   * @param {any} answer
   */
  draw(answer) {
    const isMany = hasManyStations(state().site);
    const found = isMany ? this.seeker.found ?? answer.items : answer.items.filter((/** @type {any} */ one) =>
      this.seeker.matches(() => `${one.workstation_name ?? ''} ${one.workstation_id}`));
    const shown = found.slice(0, tilesMaximum);
    this.seeker.field.hidden = !isMany && answer.items.length <= 24;
    this.more.textContent = this.moreText(found.length, shown.length);
    const order = shown.map((/** @type {any} */ one) => one.workstation_id).join('\n');
    if (!this.place || this.order !== order || !this.body.contains(this.place)) {
      this.order = order;
      this.tiles.clear();
      this.place = h('div', { class: 'tiles' }, shown.map((/** @type {any} */ one) => this.tile(one)));
      fill(this.body, this.legend(), this.place, this.more);
    }
    for (const one of shown) this.update(one);
  }

  /** @param {number} found @param {number} shown */
  moreText(found, shown) {
    const { site } = state();
    if (!hasManyStations(site)) return found > shown ? t('grid.more', { shown: number(shown), all: number(found) }) : '';
    if (this.seeker.found) return found === 0 ? t('seek.none') : '';
    return t('grid.many', { shown: number(shown), all: number(siteOf(site)?.workstation_count) });
  }

  legend() {
    const ranges = ['–', '0–20', '20–40', '40–60', '60–80', '80–100 %'];
    return h('div', { class: 'legend', 'aria-hidden': 'true' }, h('span', null, t('grid.legend')), ranges.map((text, index) => h('span', { class: `key step-${index}` }, `${signs[index]} ${text}`)));
  }

  /** @param {any} one */
  tile(one) {
    const id = one.workstation_id;
    const [name, sign, people] = [h('span', { class: 'tile-name' }), h('span', { class: 'tile-sign', 'aria-hidden': 'true' }), h('span', { class: 'people' })];
    const [figure, units] = [this.figure(`workstation:${id}`, 'utilization_percentage', one.utilization_percentage, percent), document.createTextNode('')];
    const element = h(
      'a', { class: 'tile', href: link({ page: 'station', station: id }), 'data-key': id }, name, h('span', { class: 'tile-value' }, sign, ' ', figure),
      h('span', { class: 'tile-more' }, units, people),
    );
    this.tiles.set(id, { element, name, sign, figure, units, people, shown: '' });
    return element;
  }

  /** @param {any} one */
  update(one) {
    const tile = this.tiles.get(one.workstation_id);
    const subject = `workstation:${one.workstation_id}`;
    const isDifferent = this.since?.has(subject) ?? false;
    const name = one.workstation_name || one.workstation_id;
    const shown = `${name}\n${one.utilization_percentage} ${one.occupancy_percentage} ${one.current_workers} ${one.total_units_produced} ${isDifferent}`;
    if (!tile || tile.shown === shown) return;
    const isNew = tile.shown === '';
    tile.shown = shown;
    const level = step(one.utilization_percentage);
    const values = {
      name, utilization: percent(one.utilization_percentage), occupancy: percent(one.occupancy_percentage),
      workers: number(one.current_workers), units: number(one.total_units_produced),
    };
    const words = t('grid.tile', values);
    tile.element.className = `tile step-${level}${isDifferent ? ' differs' : ''}`;
    tile.element.setAttribute('data-tip', words);
    tile.element.setAttribute('aria-label', words);
    if (!isNew || this.since) this.renew(tile.figure, subject, 'utilization_percentage', one.utilization_percentage, percent);
    for (const [node, text] of /** @type {[Node, string][]} */ ([[tile.name, name], [tile.sign, signs[level]], [tile.units, `${values.units} · `], [tile.people, `${values.workers} ☺`]])) {
      if (node.textContent !== text) node.textContent = text;
    }
  }
}

export const gridPanel = panel('andon-grid', Grid);
