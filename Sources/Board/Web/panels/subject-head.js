/**
 * Whose page this is: name and id, and where a station belongs.
 * @module
 */
import { ask } from '../lib/api.js';
import { fill, h } from '../lib/dom.js';
import { showsNames } from '../lib/names.js';
import { asked } from '../lib/panel.js';
import { link, state } from '../lib/state.js';
import { t } from '../lib/text.js';
import { identifier } from './parts.js';

export function subjectHead() {
  const now = state();
  const isWorker = now.page === 'worker';
  const id = (isWorker ? now.worker : now.station) ?? '';
  const title = h('h1', null, identifier(id));
  const more = h('p', { class: 'muted' });
  // A worker is asked for alone: a site may have a hundred thousand. The question is that of the figures, and asked once.
  const question = isWorker
    ? ask('/api/metrics/workers', { ...asked(now), worker_id: id })
    : ask('/api/workstations', { site_id: now.site, known_at: now.known_at });
  void question.then(({ value }) => {
    const found = value.items.find((/** @type {any} */ item) => (isWorker ? item.worker_id : item.workstation_id) === id);
    if (!found) return;
    const name = isWorker ? (showsNames() ? found.worker_name : null) : found.name;
    if (name && name !== id) fill(title, identifier(name), ' ', h('span', { class: 'muted' }, identifier(id)));
    const facts = [found.line, found.location].filter(Boolean);
    fill(more, facts.map((fact, place) => [place > 0 ? ' · ' : '', h('bdi', null, fact)]));
  }, () => {});
  return h(
    'div', { class: 'page-head' },
    h('a', { class: 'back', href: link({ page: 'site' }) }, `← ${t('nav.site')}`), title, more,
  );
}
