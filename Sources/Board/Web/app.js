/**
 * The shell: signs in, then shows the page that the address names, between the header and whatever the banners have to
 * say.
 * @module
 */
import { Trouble, forgetAll, onSignedOut, session, signIn } from './lib/api.js';
import { fill, h } from './lib/dom.js';
import { setZone } from './lib/format.js';
import { startLive, stopLive } from './lib/live.js';
import { startMenus } from './lib/menus.js';
import { knownSites, learnSite, learnSites, siteOf } from './lib/sites.js';
import { go, onState, query, state } from './lib/state.js';
import { chooseLanguage, t } from './lib/text.js';
import { startTips } from './lib/tip.js';
import { banners } from './panels/banners.js';
import { header } from './panels/header.js';
import { signInForm } from './panels/signin.js';
import { timeBar } from './panels/timebar.js';
import { wallCycle } from './panels/wall.js';

/** @typedef {import('./lib/api.js').Session} Session */

/** Pages that show one site. */
const sitePages = ['site', 'worker', 'station', 'health', 'edges', 'data'];

const place = /** @type {HTMLElement} */ (document.getElementById('app'));
const main = h('main', { id: 'content', tabindex: '-1' });

const missingMilliseconds = 5000;

/** @type {Session | null} */
let who = null;
/** What the page was last built for. */
let shown = '';
/** What the frame around it was last built for. */
let framed = '';

chooseLanguage();
startTips();
startMenus();
onState(() => void show());
onSignedOut(() => {
  if (!who) return;
  who = null;
  stopLive();
  void forgetAll();
  showSignIn(t('signin.ended'));
});
if ('serviceWorker' in navigator) navigator.serviceWorker.register('/service-worker.js').catch(() => {});
void begin();

/** Signs in by a key in the address, or by the session that is there. */
async function begin() {
  fill(place, h('p', { class: 'starting', role: 'status' }, t('app.loading')));
  // Its files come while the server says who is there.
  import(`./pages/${pageOf(state())}.js`).catch(() => {});
  const key = new URLSearchParams(location.hash.slice(1)).get('key');
  // The key leaves the address before anything else happens, so that it is in no history and in no screenshot.
  if (location.hash) history.replaceState(null, '', location.pathname + location.search);
  try {
    who = key ? await signIn(key) : await session();
  } catch (error) {
    const trouble = error instanceof Trouble ? error : new Trouble(0, t('error.page'), t('error.page.next'), 5);
    if (trouble.status === 401) return showSignIn(`${trouble.title} ${trouble.next}`);
    // Without a server the page shows what was seen last, where there is any.
    if (trouble.status === 0) return enter({ role: 'viewer', sites: null, name: null });
    fill(place, h('div', { class: 'starting', role: 'alert' }, h('p', null, trouble.title), h('p', null, trouble.next)));
    setTimeout(() => void begin(), (trouble.retrySeconds ?? 5) * 1000);
    return;
  }
  if (who) await enter(who);
  else showSignIn();
}

/** @param {Session} session */
async function enter(session) {
  who = session;
  await learnSites(session.sites ?? []);
  const sites = knownSites();
  const lone = session.sites?.length === 1 ? session.sites[0] : sites.length === 1 ? sites[0].site_id : null;
  // A key of one site lands on it.
  if (lone && !state().site && !new URLSearchParams(location.search).has('page')) go({ page: 'site', site: lone }, { replace: true });
  framed = shown = '';
  startLive();
  await show();
}

/** @param {string} [message] */
function showSignIn(message) {
  framed = shown = '';
  fill(place, signInForm(message, (session) => void enter(session)));
  place.querySelector('input')?.focus();
}

/** @param {import('./lib/state.js').State} now */
function pageOf(now) {
  return sitePages.includes(now.page) && now.site ? now.page : 'sites';
}

/** Shows what the address says. */
async function show() {
  if (!who) return;
  const now = state();
  document.documentElement.classList.toggle('wall', now.wall);
  if (now.theme) document.documentElement.dataset.theme = now.theme;
  chooseLanguage();
  const sites = knownSites();
  const site = siteOf(now.site);
  setZone(site?.time_zone);
  const page = pageOf(now);
  document.title = [site?.name ?? now.site, t(page === 'sites' ? 'nav.sites' : 'app.title')].filter(Boolean).join(' · ');
  const frame = JSON.stringify([document.documentElement.lang, now.wall, who.role, sites.map((one) => one.site_id)]);
  if (frame !== framed) {
    framed = frame;
    shown = '';
    fill(
      place, h('a', { class: 'skip', href: '#content' }, t('app.skip')), header(who, sites), timeBar(), banners(), main,
    );
  }
  const content = JSON.stringify([page, now.site, now.worker, now.station, frame]);
  if (content === shown) return;
  shown = content;
  try {
    const [module] = await Promise.all([import(`./pages/${page}.js`), learnSite(now.site)]);
    if (shown !== content) return;
    fill(main, module[page]());
    wallCycle(main);
  } catch (error) {
    console.error(error);
    fill(main, h('div', { class: 'starting', role: 'alert' }, h('p', null, t('page.missing')), h('p', null, t('page.missing.next'))));
    setTimeout(() => void reload(content), missingMilliseconds);
  }
}

/**
 * Loads a page anew whose files could not be loaded, as soon as the server is there.
 * @param {string} content what the page was to show
 */
async function reload(content) {
  if (shown !== content) return;
  try {
    await session();
    location.reload();
  } catch {
    setTimeout(() => void reload(content), missingMilliseconds);
  }
}

// A page that was opened by a link with a fragment stays where it is; only the jump to the content uses one.
addEventListener('hashchange', () => {
  if (location.hash.startsWith('#key=')) void begin();
  else if (location.hash) history.replaceState(null, '', query(state()));
});
