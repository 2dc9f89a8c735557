/** Edges and cameras. @module */
import { h } from '../lib/dom.js';
import { offers } from '../lib/paths.js';
import { state } from '../lib/state.js';
import { t } from '../lib/text.js';
import { cameras } from '../panels/cameras.js';
import { edges as edgesPanel } from '../panels/edges.js';
import { healthCameras } from '../panels/health-cameras.js';

export function edges() {
  const page = h('div', { class: 'page page-edges' }, h('div', { class: 'page-head' }, h('h1', null, t('nav.edges'))));
  void Promise.all([offers('/api/edges'), offers('/api/cameras')]).then(([hasEdges, hasCameras]) => {
    page.append(hasEdges ? edgesPanel() : withoutEdges(), hasCameras ? cameras() : withoutCameras(), healthCameras());
  });
  return page;
}

/** What a server without edge agents says, and how events reach it. */
function withoutEdges() {
  const command = `andon import events.ndjson --url ${location.origin} --key-file ingest.key --site ${state().site ?? ''}`;
  return note(t('edges.title'), h('p', null, t('edges.unknown')), h('p', { class: 'next' }, t('edges.unknown.next'), h('code', null, command)));
}

function withoutCameras() {
  return note(t('cameras.title'), h('p', null, t('cameras.unknown')));
}

/**
 * A panel that has nothing to ask.
 * @param {string} title
 * @param {...import('../lib/dom.js').Child} words
 */
function note(title, ...words) {
  return h(
    'section', { class: 'panel half' }, h('header', { class: 'panel-head' }, h('h2', { class: 'panel-title' }, title)),
    h('div', { class: 'panel-body' }, h('div', { class: 'empty' }, words)),
  );
}
