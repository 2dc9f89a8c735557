/**
 * Asks the server. Each answer says when it came and whether it is only what was seen last.
 * @module
 */
import { store, stored, t } from './text.js';

/** @typedef {Record<string, string | number | boolean | null | undefined | string[]>} Parameters */

/**
 * @template [Value=any]
 * @typedef {object} Answer
 * @property {Value} value the JSON of the answer
 * @property {number} receivedAt milliseconds since 1970, by the server's clock
 * @property {boolean} isOffline seen earlier: the server cannot be reached
 */

/** Why there is no answer: one sentence, and what to do next. */
export class Trouble extends Error {
  /**
   * @param {number} status 0: the server was not reached
   * @param {string} title
   * @param {string} next
   * @param {number} [retrySeconds]
   */
  constructor(status, title, next, retrySeconds) {
    super(title);
    this.status = status;
    this.title = title;
    this.next = next;
    this.retrySeconds = retrySeconds;
    /**
     * What the server itself says about it; null where it was not the server that answered.
     * @type {string | null}
     */
    this.detail = null;
  }
}

const shelfName = 'andon.last-seen';
/** Answers kept for times without a server. */
const shelfMaximum = 60;
const deadlineMilliseconds = 30_000;

/**
 * How far the server's clock is ahead of this machine's, in milliseconds; seconds do. Kept, because a page that opens
 * without a server writes times, too.
 */
let clockAhead = Number(stored('andon.clock')) || 0;

/** Now, by the server's clock: that of the browser may be off. */
export function serverNow() {
  return Date.now() + clockAhead;
}

/** @type {Set<() => void>} */
const signedOutListeners = new Set();

/**
 * Calls `listener` when the server no longer takes the session.
 * @param {() => void} listener
 */
export function onSignedOut(listener) {
  signedOutListeners.add(listener);
}

/** Tells the page that the session has ended. */
export function endSession() {
  for (const listener of signedOutListeners) listener();
}

/**
 * Path and query of a question; names without a value are left out.
 * @param {string} path
 * @param {Parameters} [parameters]
 */
export function address(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (Array.isArray(value)) for (const one of value) query.append(name, one);
    else if (value !== null && value !== undefined && value !== '') query.append(name, String(value));
  }
  const text = query.toString().replaceAll('%3A', ':');
  return text ? `${path}?${text}` : path;
}

/**
 * The question as a command line that anybody with a key can run.
 * @param {string} path
 * @param {Parameters} [parameters]
 */
export function curl(path, parameters) {
  const url = location.origin + address(path, parameters);
  return `curl -H "Authorization: Bearer $ANDON_KEY" '${url.replaceAll("'", '%27')}'`;
}

/** @type {Map<string, { answer: Promise<Answer>, controller: AbortController, waiting: number }>} */
const inFlight = new Map();

/**
 * The answer to a question. Two that ask the same at once share one request; it ends early when none of them still wants
 * it.
 * @param {string} path
 * @param {Parameters} [parameters]
 * @param {AbortSignal} [signal]
 * @returns {Promise<Answer>}
 * @throws {Trouble}
 */
export function ask(path, parameters, signal) {
  const url = address(path, parameters);
  let request = inFlight.get(url);
  if (!request || request.controller.signal.aborted) {
    const controller = new AbortController();
    const made = { answer: load(url, controller.signal), controller, waiting: 0 };
    made.answer.catch(() => {}).finally(() => inFlight.get(url) === made && inFlight.delete(url));
    inFlight.set(url, made);
    request = made;
  }
  const shared = request;
  shared.waiting += 1;
  if (!signal) return shared.answer;
  return new Promise((resolve, reject) => {
    const leave = () => {
      shared.waiting -= 1;
      if (shared.waiting === 0) shared.controller.abort();
      reject(new DOMException('no longer wanted', 'AbortError'));
    };
    if (signal.aborted) return leave();
    signal.addEventListener('abort', leave, { once: true });
    shared.answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}

/**
 * @param {string} url
 * @param {AbortSignal} signal
 * @returns {Promise<Answer>}
 */
async function load(url, signal) {
  const timer = setTimeout(() => slow.abort(), deadlineMilliseconds);
  const slow = new AbortController();
  signal.addEventListener('abort', () => slow.abort());
  /** @type {Response} */
  let response;
  try {
    response = await fetch(url, { cache: 'no-cache', headers: { Accept: 'application/json' }, signal: slow.signal });
    noteClock(response);
    if (!response.ok) throw await trouble(response);
    const text = await response.text();
    // The page does not wait for it. What is far down in a log is not what was seen last.
    if (!url.includes('cursor=')) void shelve(url, text);
    return { value: JSON.parse(text), receivedAt: serverNow(), isOffline: false };
  } catch (error) {
    if (error instanceof Trouble || signal.aborted) throw error;
    const kept = await lastSeen(url);
    if (kept) return kept;
    throw new Trouble(0, t('error.unreachable'), t('error.unreachable.next'), 5);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Learns from an answer what time it is at the server.
 * @param {Response} response
 */
export function noteClock(response) {
  const ahead = Date.parse(response.headers.get('Date') ?? '') - Date.now();
  // Below a few seconds it is the way that the answer took.
  if (Number.isNaN(ahead) || Math.abs(ahead - clockAhead) < 3000) return;
  clockAhead = Math.abs(ahead) < 3000 ? 0 : ahead;
  store('andon.clock', clockAhead === 0 ? null : String(clockAhead));
}

/**
 * What an answer ≥ 400 says, as a problem of RFC 9457 or by its status alone.
 * @param {Response} response
 */
export async function trouble(response) {
  /** @type {any} */
  let problem = {};
  try {
    problem = await response.json();
  } catch {
    // A proxy's own page: the status has to do.
  }
  if (response.status === 401) endSession();
  const retry = Number(response.headers.get('Retry-After')) || undefined;
  const title = sentence(problem.detail ?? problem.title ?? t('error.status', { status: response.status }));
  const found = new Trouble(response.status, title, next(response.status), retry ?? (response.status >= 500 ? 5 : undefined));
  found.detail = problem.detail ?? null;
  return found;
}

/** What the server says of a parameter begins with its name, which is nothing to whoever reads a page. */
const parameter = /^[a-z_]+: /;

/**
 * Whether the server says that a parameter makes no sense.
 * @param {string} text
 */
export function isAboutParameter(text) {
  return parameter.test(text);
}

/**
 * What a server says in half a line, as a sentence that others may follow.
 * @param {string} text
 */
export function sentence(text) {
  return text.replace(parameter, '').replace(/^./u, (first) => first.toUpperCase()).replace(/[^.!?:…]$/u, '$&.');
}

/** @param {number} status */
function next(status) {
  if (status === 401) return t('error.401.next');
  if (status === 403) return t('error.403.next');
  if (status === 404) return t('error.404.next');
  if (status === 429) return t('error.429.next');
  if (status === 503) return t('error.503.next');
  return status >= 500 ? t('error.500.next') : t('error.400.next');
}

// MARK: What was seen last

/**
 * @param {string} url
 * @param {string} text
 */
async function shelve(url, text) {
  if (!('caches' in self) || text.length > 500_000) return;
  try {
    const shelf = await caches.open(shelfName);
    const headers = { 'Content-Type': 'application/json', 'X-Received-At': String(serverNow()) };
    await shelf.delete(url);
    await shelf.put(url, new Response(text, { headers }));
    const keys = await shelf.keys();
    for (const key of keys.slice(0, Math.max(0, keys.length - shelfMaximum))) await shelf.delete(key);
  } catch {
    // Without room nothing is kept.
  }
}

/**
 * @param {string} url
 * @returns {Promise<Answer | null>}
 */
async function lastSeen(url) {
  if (!('caches' in self)) return null;
  try {
    const response = await (await caches.open(shelfName)).match(url);
    if (!response) return null;
    return { value: await response.json(), receivedAt: Number(response.headers.get('X-Received-At')), isOffline: true };
  } catch {
    return null;
  }
}

/** Forgets every answer, so that who signs out leaves nothing behind. */
export async function forgetAll() {
  if ('caches' in self) await caches.delete(shelfName);
}

// MARK: The session

/**
 * @typedef {object} Session
 * @property {string} role
 * @property {string[] | null} sites null: all
 * @property {string | null} name
 * @property {boolean} [open] no key is needed from this machine
 */

/**
 * Who is signed in; null: nobody.
 * @returns {Promise<Session | null>}
 * @throws {Trouble}
 */
export async function session() {
  /** @type {Response} */
  let response;
  try {
    response = await fetch('/api/session', { cache: 'no-store' });
  } catch {
    throw new Trouble(0, t('error.unreachable'), t('error.unreachable.next'), 5);
  }
  if (response.status === 401) return null;
  if (!response.ok) throw await trouble(response);
  return response.json();
}

/**
 * Signs in.
 * @param {string} key
 * @returns {Promise<Session>}
 * @throws {Trouble}
 */
export async function signIn(key) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch('/api/session', {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ key }),
    });
  } catch {
    throw new Trouble(0, t('error.unreachable'), t('error.unreachable.next'));
  }
  if (response.status === 401) throw new Trouble(401, t('signin.refused'), t('signin.refused.next'));
  if (!response.ok) throw await trouble(response);
  return response.json();
}

/** Signs out and forgets what was seen. */
export async function signOut() {
  await forgetAll();
  try {
    await fetch('/api/session', { method: 'DELETE' });
  } finally {
    endSession();
  }
}
