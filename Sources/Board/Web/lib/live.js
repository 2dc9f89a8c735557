/**
 * The one stream of the page. Panels watch topics; the stream carries those that are watched, for the site,
 * period and shifts of the address. Read with `fetch`, because an `EventSource` does not tell a key that has died from a
 * server that is away.
 * @module
 */
import { address, endSession, noteClock, serverNow, trouble } from './api.js';
import { isLive, onState, state } from './state.js';

/**
 * @typedef {object} LiveStatus
 * @property {'off' | 'connecting' | 'live' | 'polling' | 'away' | 'lost'} kind `off`: the page does not show now; `polling`:
 *   the server has no stream; `away`: the server is there, but not who answers for this site; `lost`: nor is the server
 * @property {number} since when that began
 * @property {number | null} lastSeen when anything came, milliseconds since 1970, by the server's clock
 * @property {number | null} retryAt by this machine's clock
 * @property {string | null} detail why, where the server says it
 */

/**
 * What a topic says now.
 * @typedef {object} Frame
 * @property {any} value the whole answer, as the question of the same name gives it
 * @property {any[] | null} changed the items that came with this frame; null: all of it is new
 * @property {number} receivedAt
 */

/** @typedef {'factory' | 'workers' | 'workstations' | 'events' | 'alerts' | 'shifts'} Topic */

const intervalMilliseconds = 1000;
/** The server sends at least a comment every 15 s. */
const silenceMilliseconds = 25_000;
const retrySecondsMaximum = 30;
const settleMilliseconds = 150;
/** Panels without a topic ask again this often while anything moves. */
const tickMilliseconds = 10_000;
/** Newest events kept for panels that join later. */
const eventsMaximum = 200;
/** Topics come one after the other: what comes within this is drawn in one frame. */
const gatherMilliseconds = 40;

/** @type {Map<Topic, Set<(frame: Frame) => void>>} */
const watchers = new Map();
/** @type {Set<(status: LiveStatus) => void>} */
const statusListeners = new Set();
/** @type {Set<() => void>} */
const tickListeners = new Set();
/** @type {Set<() => void>} */
const newsListeners = new Set();
/** @type {Map<Topic, Frame>} */
let frames = new Map();
/** @type {Map<Topic, Frame>} what watchers have not been told yet */
const news = new Map();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let telling;

/** @type {LiveStatus} */
let status = { kind: 'off', since: 0, lastSeen: null, retryAt: null, detail: null };
/** @type {AbortController | null} */
let connection = null;
let question = '';
let lastID = '';
let failures = 0;
let isStarted = false;
let isListening = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let retryTimer;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let silenceTimer;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let reopening;

/** How the stream is. */
export function liveStatus() {
  return status;
}

/**
 * @param {(status: LiveStatus) => void} listener
 * @returns {() => void} ends it
 */
export function onLiveStatus(listener) {
  statusListeners.add(listener);
  return () => statusListeners.delete(listener);
}

/**
 * Calls `listener` about every ten seconds while the page is live: for what no topic carries.
 * @param {() => void} listener
 * @returns {() => void} ends it
 */
export function onTick(listener) {
  tickListeners.add(listener);
  // A page whose panels watch no topic has a stream, too: by it the page knows whether it is live.
  reopen();
  return () => tickListeners.delete(listener);
}

/**
 * Calls `listener` after the watchers were told what is new.
 * @param {() => void} listener
 * @returns {() => void} ends it
 */
export function onNews(listener) {
  newsListeners.add(listener);
  return () => newsListeners.delete(listener);
}

/**
 * Calls `listener` with what a topic says now, and with each change.
 * @param {Topic} topic
 * @param {(frame: Frame) => void} listener
 * @returns {() => void} ends it
 */
export function watch(topic, listener) {
  const set = watchers.get(topic) ?? new Set();
  watchers.set(topic, set);
  set.add(listener);
  const known = frames.get(topic);
  if (known) queueMicrotask(() => set.has(listener) && listener(known));
  reopen();
  return () => {
    set.delete(listener);
    reopen();
  };
}

/** Begins to follow the address. Before the sign-in there is nothing to follow. */
export function startLive() {
  isStarted = true;
  reopen();
  if (isListening) return;
  isListening = true;
  onState(reopen);
  addEventListener('online', retryNow);
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && isGone() && retryNow());
  setInterval(() => {
    if (['live', 'polling', 'away'].includes(status.kind)) for (const listener of [...tickListeners]) listener();
  }, tickMilliseconds);
}

/** Ends the stream until ``startLive``. */
export function stopLive() {
  isStarted = false;
  clearTimeout(reopening);
  close();
  question = '';
  set('off');
}

/** Tries again at once. */
export function retryNow() {
  failures = 0;
  question = '';
  reopen();
}

/** Looks, once the page is settled, whether the stream still carries what is watched: panels join one by one. */
function reopen() {
  if (!isStarted) return;
  clearTimeout(reopening);
  reopening = setTimeout(() => {
    const wanted = wantedQuestion();
    if (wanted === question && wanted) return;
    close();
    question = wanted;
    frames = new Map();
    news.clear();
    lastID = '';
    if (wanted) void connect();
    // Without a site there is no stream, but what the page shows is of now.
    else set(isLive() && !state().site ? 'polling' : 'off');
  }, settleMilliseconds);
}

/** The address of the stream; empty: none. */
function wantedQuestion() {
  const now = state();
  const topics = [...watchers].filter(([, set]) => set.size > 0).map(([topic]) => topic).sort();
  if (!now.site || !isLive(now) || (topics.length === 0 && tickListeners.size === 0)) return '';
  return address('/api/stream', {
    site_id: now.site, topics: topics.join(',') || 'factory', interval_ms: intervalMilliseconds, period: now.period,
    within: now.within,
  });
}

function close() {
  connection?.abort();
  connection = null;
  clearTimeout(retryTimer);
  clearTimeout(silenceTimer);
}

/** Whether the page is to be live and is not. */
export function isGone() {
  return status.kind === 'lost' || status.kind === 'away';
}

/** @param {LiveStatus['kind']} kind @param {number | null} [retryAt] @param {string | null} [detail] */
function set(kind, retryAt = null, detail = null) {
  const now = serverNow();
  const since = kind === status.kind ? status.since : now;
  status = { kind, since, lastSeen: kind === 'live' ? now : status.lastSeen, retryAt, detail };
  for (const listener of [...statusListeners]) listener(status);
}

async function connect() {
  const mine = new AbortController();
  connection = mine;
  if (!isGone()) set('connecting');
  try {
    /** @type {Record<string, string>} */
    const headers = { Accept: 'text/event-stream' };
    if (lastID) headers['Last-Event-ID'] = lastID;
    const response = await fetch(question, { headers, cache: 'no-store', signal: mine.signal });
    noteClock(response);
    if (response.status === 401) return endSession();
    if (response.status === 404 || response.status === 405 || response.status === 400) return set('polling');
    if (!response.ok || !response.body) {
      const { detail } = await trouble(response);
      return fail(mine, Number(response.headers.get('Retry-After')) || undefined, detail);
    }
    failures = 0;
    set('live');
    await read(response.body, mine);
    fail(mine);
  } catch {
    fail(mine);
  }
}

/** @param {AbortController} mine @param {number} [seconds] @param {string | null} [detail] what the server says about it */
function fail(mine, seconds, detail = null) {
  if (mine !== connection) return;
  close();
  failures += 1;
  const wait = seconds ?? Math.min(retrySecondsMaximum, 2 ** (failures - 1)) * (0.75 + Math.random() / 2);
  set(detail === null ? 'lost' : 'away', Date.now() + wait * 1000, detail);
  retryTimer = setTimeout(() => void connect(), wait * 1000);
}

/**
 * @param {ReadableStream<Uint8Array>} body
 * @param {AbortController} mine
 */
async function read(body, mine) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  let searched = 0;
  const silent = () => mine.abort();
  for (;;) {
    clearTimeout(silenceTimer);
    silenceTimer = setTimeout(silent, silenceMilliseconds);
    const { done, value } = await reader.read();
    if (done || mine !== connection) return;
    if (status.kind !== 'away') status.lastSeen = serverNow();
    rest += decoder.decode(value, { stream: true });
    // A frame of many items comes in many pieces: what was looked through is not looked through again.
    let [start, end] = [0, rest.indexOf('\n\n', searched)];
    while (end >= 0) {
      take(rest.slice(start, end));
      start = end + 2;
      end = rest.indexOf('\n\n', start);
    }
    rest = rest.slice(start);
    searched = Math.max(0, rest.length - 1);
  }
}

/** @param {string} block one event of the stream */
function take(block) {
  let topic = '';
  let data = '';
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) topic = line.slice(6).trim();
    else if (line.startsWith('data:')) data += line.slice(5).trimStart();
    else if (line.startsWith('id:')) lastID = line.slice(3).trim();
  }
  if (!data || !topic) return;
  // The last word of a stream that cannot go on: the connection ends after it, and the next one says the same in its status.
  if (topic === 'problem') return void (JSON.parse(data).status === 401 && endSession());
  // The connection stays while the server looks for another that answers for the site; that one begins with snapshots.
  if (topic === 'away') return set('away', null, JSON.parse(data).detail);
  if (status.kind === 'away') set('live');
  const frame = merged(/** @type {Topic} */ (topic), JSON.parse(data));
  frames.set(/** @type {Topic} */ (topic), frame);
  tell(/** @type {Topic} */ (topic), frame);
}

/**
 * Tells the watchers of all topics together.
 * @param {Topic} topic
 * @param {Frame} frame
 */
function tell(topic, frame) {
  const before = news.get(topic);
  // Of two frames that nobody has seen between, the second says what changed in both.
  const changed = before ? before.changed && frame.changed && [...frame.changed, ...before.changed] : frame.changed;
  const skipped = (before?.value.skipped ?? 0) + (frame.value.skipped ?? 0);
  news.set(topic, { ...frame, value: skipped > 0 ? { ...frame.value, skipped } : frame.value, changed });
  telling ??= setTimeout(() => {
    telling = undefined;
    const told = [...news];
    news.clear();
    for (const [name, one] of told) for (const listener of [...(watchers.get(name) ?? [])]) listener(one);
    for (const listener of [...newsListeners]) listener();
  }, gatherMilliseconds);
}

/**
 * What an item is known by.
 * @param {Topic} topic
 * @param {any} item
 * @returns {string}
 */
function identity(topic, item) {
  if (topic === 'workers') return item.worker_id;
  if (topic === 'workstations') return item.workstation_id;
  if (topic === 'shifts') return `${item.start} ${item.shift}`;
  if (topic === 'alerts') return `${item.kind} ${item.scope} ${item.hour}`;
  return item.position;
}

/**
 * The whole answer after a frame.
 * @param {Topic} topic
 * @param {any} data
 * @returns {Frame}
 */
function merged(topic, data) {
  const receivedAt = serverNow();
  const before = frames.get(topic)?.value;
  const { kind, removed, skipped, ...value } = data;
  if (kind === 'snapshot' || !before || topic === 'factory') return { value, changed: topic === 'factory' && before ? [value] : null, receivedAt };
  const items = data.items ?? [];
  if (topic === 'events') {
    return { value: { ...before, ...value, items: [...items, ...before.items].slice(0, eventsMaximum), skipped }, changed: items, receivedAt };
  }
  const gone = new Set((removed ?? []).map((/** @type {any} */ one) => (typeof one === 'string' ? one : identity(topic, one))));
  const fresh = new Map(items.map((/** @type {any} */ item) => [identity(topic, item), item]));
  const kept = [];
  for (const item of before.items) {
    const id = identity(topic, item);
    if (gone.has(id)) continue;
    kept.push(fresh.get(id) ?? item);
    fresh.delete(id);
  }
  const all = topic === 'alerts' ? [...fresh.values(), ...kept] : [...kept, ...fresh.values()];
  return { value: { ...before, ...value, items: all }, changed: items, receivedAt };
}
