/**
 * Whose page this is: name and id, and where a station belongs.
 * @module
 */
import { ask } from '../lib/api.js';
import { fill, h } from '../lib/dom.js';
import { showsNames } from '../lib/names.js';
import { asked } from '../lib/panel.js';
import { link, state } from '../lib/state.js';
import { stationName, stationPlace, stations } from '../lib/stations.js';
import { t } from '../lib/text.js';
import { identifier } from './parts.js';

export function subjectHead() {
  const now = state();
  const isWorker = now.page === 'worker';
  const id = (isWorker ? now.worker : now.station) ?? '';
  const title = h('h1', null, identifier(id));
  const more = h('p', { class: 'muted' });
  // A worker is asked for alone: a site may have a hundred thousand. The question is that of the figures, and asked once.
  const name = isWorker
    ? ask('/api/metrics/workers', { ...asked(now), worker_id: id }).then(({ value }) => showsNames() && value.items[0]?.worker_name)
    : stations().then((all) => stationName(all, id));
  void name.then((text) => text && text !== id && fill(title, identifier(text), ' ', h('span', { class: 'muted' }, identifier(id))), () => {});
  if (!isWorker) {
    void stations().then((all) => fill(more, stationPlace(all.get(id)).map((fact, place) => [place > 0 ? ' · ' : '', h('bdi', null, fact)])));
  }
  return h(
    'div', { class: 'page-head' },
    h('a', { class: 'back', href: link({ page: 'site' }) }, `← ${t('nav.site')}`), title, more,
  );
}
