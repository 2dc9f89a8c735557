/** What the figures are made from. @module */
import { session } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { t } from '../lib/text.js';
import { freshness } from '../panels/freshness.js';
import { ledger } from '../panels/ledger.js';
import { quarantine } from '../panels/quarantine.js';
import { rebuilds } from '../panels/rebuilds.js';

/** Roles that see how the log is folded anew, where their key is good for all sites. */
const operators = ['operator', 'admin'];

export function data() {
  const page = h(
    'div', { class: 'page page-data' }, h('div', { class: 'page-head' }, h('h1', null, t('nav.data'))), ledger(), quarantine(), freshness(),
  );
  void session().then((who) => {
    if (who && operators.includes(who.role) && who.sites === null) page.append(rebuilds());
  }, () => {});
  return page;
}
