/**
 * The head of the page: where one is, who one is, and how the page looks.
 * @module
 */
import { signOut } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { liveStatus, onLiveStatus } from '../lib/live.js';
import { go, link, onState, state } from '../lib/state.js';
import { currentLanguage, languages, named, store, stored, t } from '../lib/text.js';

/**
 * @param {import('../lib/api.js').Session} who
 * @param {{ site_id: string, name: string }[]} sites
 */
export function header(who, sites) {
  const nav = h('nav', { 'aria-label': t('nav.label') });
  const chooser = h('select', {
    id: 'site-chooser', onchange: (/** @type {Event} */ event) => {
      const site = /** @type {HTMLSelectElement} */ (event.target).value;
      go({ page: site && state().page !== 'sites' ? state().page : site ? 'site' : 'sites', site: site || null, worker: null, station: null, within: null });
    },
  });

  const name = h('h1', { class: 'page-name sr' });
  const update = () => {
    const now = state();
    const site = sites.find((one) => one.site_id === now.site);
    name.textContent = site?.name ?? now.site ?? t('nav.sites');
    const pages = /** @type {const} */ (['site', 'health', 'edges', 'data']);
    const here = now.site ? now.page : 'sites';
    const item = (/** @type {string} */ page, /** @type {string} */ text, /** @type {string} */ href) =>
      h('a', { href, 'aria-current': here === page ? 'page' : null }, text);
    nav.replaceChildren(
      item('sites', t('nav.sites'), link({ page: 'sites', site: null, within: null })),
      ...(now.site ? pages.map((page) => item(page, t(`nav.${page}`), link({ page }))) : []),
    );
    chooser.replaceChildren(
      h('option', { value: '' }, t('nav.sites')), ...sites.map((site) => h('option', { value: site.site_id }, site.name || site.site_id)),
      ...(now.site && !site ? [h('option', { value: now.site }, now.site)] : []),
    );
    chooser.value = now.site ?? '';
  };
  update();
  onStateWhile(nav, update);
  return h(
    'header', { class: 'top' },
    h('a', { class: 'brand', 'aria-label': t('app.title'), href: link({ page: 'sites', site: null, within: null }) }, h('img', { src: '/assets/icon.svg', alt: '', width: '28', height: '28' }), h('span', null, t('app.title'))),
    h('label', { class: 'sr', for: 'site-chooser' }, t('head.site')), chooser, name, nav, liveBadge(), settings(who),
  );
}

/** Whether the figures move. */
function liveBadge() {
  const badge = h('span', { class: 'live', role: 'status' });
  const update = () => {
    const { kind } = liveStatus();
    if (badge.dataset.kind === kind) return;
    badge.dataset.kind = kind;
    badge.textContent = t(`live.${kind}`);
  };
  update();
  const end = onLiveStatus(() => (badge.isConnected || !badge.dataset.seen ? ((badge.dataset.seen = '1'), update()) : end()));
  return badge;
}

/** @param {import('../lib/api.js').Session} who */
function settings(who) {
  const select = (
    /** @type {string} */ id, /** @type {string} */ label, /** @type {[string, string][]} */ options, /** @type {string} */ value,
    /** @type {(value: string) => void} */ change,
  ) => {
    const element = h('select', { id, onchange: () => change(element.value) }, options.map(([key, text]) => h('option', { value: key, selected: key === value }, text)));
    return h('div', { class: 'field' }, h('label', { for: id }, label), element);
  };
  const role = who.open ? t('role.open') : named('role', who.role);
  const name = who.name ? `${who.name} · ${role}` : role;
  return h(
    'details', { class: 'settings menu' }, h('summary', { 'aria-label': `${t('head.settings')}, ${name}` }, h('span', { 'aria-hidden': 'true' }, h('span', { class: 'role' }, role), ' ☰')),
    h(
      'div', { class: 'menu-items' }, h('p', { class: 'muted' }, `${t('head.role')}: ${name}`),
      select('language', t('head.language'), Object.entries(languages), currentLanguage(), (value) => {
        store('andon.lang', value);
        go({ lang: value }, { replace: true });
      }),
      select(
        'theme', t('head.theme'), [['', t('theme.system')], ['light', t('theme.light')], ['dark', t('theme.dark')]], state().theme ?? stored('andon.theme') ?? '',
        (value) => {
          store('andon.theme', value || null);
          if (value) document.documentElement.dataset.theme = value;
          else delete document.documentElement.dataset.theme;
          go({ theme: value || null }, { replace: true });
        },
      ),
      h('button', { type: 'button', onclick: () => go({ wall: true }) }, t('head.wall')),
      h('button', { type: 'button', onclick: () => print() }, t('head.print')),
      !who.open && h('button', { type: 'button', class: 'sign-out', onclick: () => void signOut() }, t('head.signout')),
    ),
  );
}

/**
 * Follows the state for as long as an element is on the page.
 * @param {Element} element
 * @param {() => void} act
 */
export function onStateWhile(element, act) {
  let wasThere = false;
  const end = onState(() => {
    wasThere ||= element.isConnected;
    if (wasThere && !element.isConnected) end();
    else act();
  });
}

