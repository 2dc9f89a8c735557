/**
 * What the page shows is its address: all of the state stands in the query, so a link shows the same to anybody, and the
 * back button works.
 * @module
 */

/**
 * @typedef {object} State
 * @property {string} page `sites`, `site`, `worker`, `station`, `health`, `edges`, `data`
 * @property {string | null} site
 * @property {string | null} worker
 * @property {string | null} station
 * @property {string | null} period a preset of SPEC 5.1; null where `from` and `to` say it
 * @property {string | null} from
 * @property {string | null} to
 * @property {string | null} within `shifts`, `shift:NAME`; null: all
 * @property {string | null} known_at what was known at a moment; null: now
 * @property {boolean} compare marks what has changed since `known_at`
 * @property {boolean} wall for a screen on a wall
 * @property {string | null} lang `en`, `de`; null: as the browser
 * @property {string | null} theme `light`, `dark`; null: as the system
 * @property {Record<string, string>} more what single panels keep, e.g. the bucket of a trend
 */

const named = /** @type {const} */ (['site', 'worker', 'station', 'period', 'from', 'to', 'within', 'known_at', 'lang', 'theme']);
const flags = /** @type {const} */ (['compare', 'wall']);

/** @type {Set<(state: State, before: State) => void>} */
const listeners = new Set();

/** @type {State} */
let current = parse(location.search);

/** The state of the page. */
export function state() {
  return current;
}

/**
 * Whether the question is about now as it is known now, so that the figures move.
 * @param {State} [of]
 */
export function isLive(of = current) {
  return of.known_at === null && of.from === null && of.to === null && !(of.period ?? 'today').match(/^(yesterday|last_|previous_)/);
}

/**
 * @param {string} query
 * @returns {State}
 */
export function parse(query) {
  const parameters = new URLSearchParams(query);
  /** @type {any} */
  const state = { page: parameters.get('page') ?? (parameters.get('site') ? 'site' : 'sites'), more: {} };
  for (const name of named) state[name] = parameters.get(name) || null;
  for (const name of flags) state[name] = parameters.get(name) === '1';
  for (const [name, value] of parameters) if (name !== 'page' && !(name in state)) state.more[name] = value;
  return state;
}

/**
 * The query that stands for a state.
 * @param {State} state
 */
export function query(state) {
  const parameters = new URLSearchParams();
  parameters.set('page', state.page);
  for (const name of named) {
    const value = state[name];
    if (value) parameters.set(name, value);
  }
  for (const name of flags) if (state[name]) parameters.set(name, '1');
  for (const [name, value] of Object.entries(state.more)) if (value) parameters.set(name, value);
  // Colons and slashes are allowed in a query, and a readable address is worth them.
  return '?' + parameters.toString().replaceAll('%3A', ':').replaceAll('%2F', '/');
}

/**
 * The state with some parts changed. Another page forgets which worker or station was looked at, and what single panels
 * kept.
 * @param {Partial<State>} patch
 * @returns {State}
 */
export function changed(patch) {
  const moved = patch.page !== undefined && patch.page !== current.page;
  const base = moved ? { ...current, worker: null, station: null, more: {} } : current;
  return { ...base, ...patch, more: { ...base.more, ...patch.more } };
}

/**
 * An address that shows the page with some parts changed.
 * @param {Partial<State>} patch
 */
export function link(patch) {
  return '/' + query(changed(patch));
}

/**
 * Shows the page with some parts changed.
 * @param {Partial<State>} patch
 * @param {{ replace?: boolean }} [options] `replace`: without a step for the back button
 */
export function go(patch, options = {}) {
  const next = changed(patch);
  if (query(next) === query(current)) return;
  if (options.replace) history.replaceState(null, '', query(next));
  else history.pushState(null, '', query(next));
  move(next);
}

/**
 * Keeps a value of one panel in the address; `null` forgets it.
 * @param {string} name
 * @param {string | null} value
 */
export function keep(name, value) {
  go({ more: { [name]: value ?? '' } }, { replace: true });
}

/**
 * Calls `listener` after each change; returns what ends that.
 * @param {(state: State, before: State) => void} listener
 * @returns {() => void}
 */
export function onState(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** @param {State} next */
function move(next) {
  const before = current;
  current = next;
  for (const listener of [...listeners]) listener(current, before);
}

addEventListener('popstate', () => move(parse(location.search)));

// Links inside the board change the state, all others do what links do.
document.addEventListener('click', (event) => {
  const anchor = event.target instanceof Element ? event.target.closest('a[href]') : null;
  if (!(anchor instanceof HTMLAnchorElement) || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || anchor.target || anchor.hasAttribute('download')) return;
  if (anchor.origin !== location.origin || anchor.pathname !== '/' || anchor.hash) return;
  event.preventDefault();
  const next = parse(anchor.search);
  if (query(next) === query(current)) return;
  history.pushState(null, '', query(next));
  move(next);
  scrollTo(0, 0);
});
