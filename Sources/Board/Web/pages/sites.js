/**
 * All sites that the key may see.
 * @module
 */
import { h } from '../lib/dom.js';
import { sitesPanel } from '../panels/sites.js';

export function sites() {
  return h('div', { class: 'page page-sites' }, sitesPanel());
}
