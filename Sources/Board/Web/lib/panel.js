/**
 * A panel: one question, what its answer looks like, and everything that a panel owes its reader: what the figures mean,
 * how fresh and how complete they are, what to do where there are none.
 * @module
 */
import { Trouble, address, ask, curl, serverNow } from './api.js';
import { differences } from './compare.js';
import { custom, fill, h, isStill } from './dom.js';
import { date, dateTime, exactTime, none, number, percent, span } from './format.js';
import { lateRepairs } from './late.js';
import { isGone, liveStatus, onLiveStatus, onNews, onTick, watch } from './live.js';
import { isLive, onState, state } from './state.js';
import { counted, t } from './text.js';
import { say } from './toast.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./dom.js').Child} Child */
/** @typedef {import('./text.js').TextKey} TextKey */

/**
 * @typedef {object} Question
 * @property {string} path
 * @property {import('./api.js').Parameters} parameters
 * @property {import('./live.js').Topic} [topic] the stream's name for the same answer
 */

/** @typedef {(string | number | null)[][]} Table the first row are names of columns */

/** Where more figures change at once, none of them ticks: it would be unrest, and work for the browser. */
const ticksMaximum = 8;
const tickMilliseconds = 500;
/** A panel that nobody sees draws what is new only so often. */
const unseenMilliseconds = 10_000;
/** And one without a topic asks again only at every such tick. */
const unseenTicks = 6;

/** The question of the address about a site, to which a panel adds its own parameters. */
export function asked(now = state()) {
  return {
    site_id: now.site, period: now.from || now.to ? null : (now.period ?? 'today'), from: now.from, to: now.to,
    within: now.within, known_at: now.known_at,
  };
}

/**
 * The base of all panels.
 *
 * A panel says `heading`, `meaning` and `question`, and draws the answer. It may say how to see that an answer is empty,
 * what to write then, and the rows of its CSV. Everything else is done here.
 */
export class Panel extends HTMLElement {
  /**
   * What the panel is called.
   * @returns {TextKey}
   */
  get heading() {
    throw new Error('a panel has a heading');
  }

  /**
   * What its figures mean, in one or two sentences.
   * @returns {TextKey}
   */
  get meaning() {
    throw new Error('a panel has a meaning');
  }

  /**
   * What the panel asks; null: it shows nothing at this address.
   * @param {State} _now
   * @returns {Question | null}
   */
  question(_now) {
    return null;
  }

  /**
   * What the answer looks like. Nothing returned: the panel has changed `this.body` by itself.
   * @param {any} _answer
   * @returns {Child | void}
   */
  draw(_answer) {}

  /**
   * Whether there is nothing to draw.
   * @param {any} answer
   */
  isEmpty(answer) {
    return Array.isArray(answer.items) && answer.items.length === 0;
  }

  /**
   * What is written where there is nothing to draw, and what to do about it.
   * @returns {Child}
   */
  emptyText() {
    return h('p', null, t('empty.window'));
  }

  /**
   * The rows of the CSV; null: there is none.
   * @param {any} answer
   * @returns {Table | null}
   */
  table(answer) {
    return Array.isArray(answer.items) ? rows(answer.items) : null;
  }

  /**
   * The share of the time that was observed, in percent.
   * @param {any} answer
   * @returns {number | null | undefined}
   */
  coverage(answer) {
    return answer.coverage_percentage;
  }

  /** Whether `late repairs` belong to the panel: its figures are sums over time. */
  get showsLate() {
    return true;
  }

  /**
   * More controls for the head of the panel.
   * @returns {Child}
   */
  controls() {
    return null;
  }

  /**
   * Begins what the panel does beside asking its question, for as long as it is on the page.
   * @returns {(() => void)[]} what ends it
   */
  begin() {
    return [];
  }

  constructor() {
    super();
    /**
     * The figures' place.
     * @type {HTMLElement}
     */
    this.body = h('div', { class: 'panel-body' });
    /**
     * The newest answer.
     * @type {any}
     */
    this.answer = null;
    /**
     * What differs from now, while that is asked for.
     * @type {import('./compare.js').Differences | null}
     */
    this.since = null;
    /** @private @type {Map<string, unknown>} values of figures at the last drawing */
    this.shown = new Map();
    /** @private @type {(() => void)[]} */
    this.ends = [];
    /** @private @type {AbortController | null} */
    this.asking = null;
    /** @private */
    this.url = '';
    /** @protected @type {Question | null} */
    this.current = null;
    /**
     * Ends following a topic.
     * @protected
     * @type {(() => void) | null}
     */
    this.unwatch = null;
    /** @private @type {Trouble | null} */
    this.trouble = null;
    /** @private */
    this.receivedAt = 0;
    /** @private */
    this.isOffline = false;
    /** @private */
    this.isDrawing = false;
    /** Whether the panel is on the screen, or near it. */
    this.isInSight = true;
    /** @private Whether there is news that is not drawn, because nobody would see it. */
    this.isBehind = false;
    /** @private */
    this.drawnAt = 0;
    /** @private Ticks that were left out. */
    this.unseen = 0;
    /** Pixels that a drawing has for itself; 0: not known yet. Never asked of the browser, because that costs a layout. */
    this.width = 0;
    /** @private @type {HTMLElement} */
    this.chips = h('div', { class: 'chips' });
    /** @private @type {HTMLElement} */
    this.words = h('span', { role: 'status' });
    /** @private @type {HTMLElement} */
    this.age = h('span');
    /** @private @type {HTMLElement} */
    this.advice = h('p', { class: 'next' });
    /** @private @type {HTMLElement} What is wrong with the figures; its age ticks, so only its words are read out. */
    this.note = h('div', { class: 'panel-note', hidden: true }, h('p', null, this.words, ' ', this.age), this.advice);
    /** @private @type {ReturnType<typeof setTimeout> | undefined} */
    this.retry = undefined;
    /** @private @type {number | null} */
    this.retryAt = null;
    /** @private @type {import('./late.js').LateRepairs | null} */
    this.late = null;
  }

  connectedCallback() {
    this.classList.add('panel');
    // So that the row can slide in again with another event.
    this.body.onanimationend = (event) => event.target instanceof Element && event.target.classList.remove('fresh');
    this.frame();
    sight.observe(this);
    widths.observe(this.body);
    this.ends = [
      onState(() => this.refresh()),
      onLiveStatus(() => this.mark()),
      onTick(() => this.tick()),
      everySecond(() => this.isInSight && this.mark()),
      ...this.begin(),
    ];
    this.refresh();
  }

  disconnectedCallback() {
    for (const end of this.ends) end();
    this.ends = [];
    sight.unobserve(this);
    widths.unobserve(this.body);
    this.unwatch?.();
    this.unwatch = null;
    this.asking?.abort();
    clearTimeout(this.retry);
    this.url = '';
  }

  /** Asks again if the address now means another question. */
  refresh() {
    const question = this.question(state());
    this.hidden = question === null;
    const url = question ? address(question.path, question.parameters) + (state().compare ? '#compare' : '') : '';
    if (url === this.url) return;
    this.url = url;
    this.current = question;
    this.unwatch?.();
    this.unwatch = null;
    this.shown.clear();
    this.late = null;
    clearTimeout(this.retry);
    if (!question) return;
    this.answer = null;
    this.since = null;
    this.trouble = null;
    this.frame();
    fill(this.body, h('div', { class: 'skeleton', 'aria-hidden': 'true' }));
    void this.load(false);
  }

  /** Draws the newest answer again, e.g. after a choice inside the panel. */
  redraw() {
    if (this.isDrawing || !this.answer) return;
    this.isDrawing = true;
    requestAnimationFrame(() => {
      this.isDrawing = false;
      if (this.answer && this.isConnected) this.show();
    });
  }

  /**
   * A figure of the panel: as the server gave it in `value`, as a person reads it in the text. It ticks when it changes
   * while the page is live, and says by how much it has changed since a moment that is compared.
   * @param {string} subject `factory`, `worker:ID`, `workstation:ID`
   * @param {string} name the member of the answer
   * @param {number | null | undefined} value
   * @param {(value: number | null | undefined) => string} [format]
   */
  figure(subject, name, value, format = number) {
    const element = h('data', { class: 'figure', dataset: { figure: name } });
    this.renew(element, subject, name, value, format);
    return element;
  }

  /**
   * Lets a figure that is there already show another value.
   * @param {HTMLElement} element from ``figure``
   * @param {string} subject
   * @param {string} name
   * @param {number | null | undefined} value
   * @param {(value: number | null | undefined) => string} [format]
   */
  renew(element, subject, name, value, format = number) {
    const key = `${subject} ${name}`;
    if (this.shown.has(key) && this.shown.get(key) !== value && isLive()) element.classList.add('ticked');
    this.shown.set(key, value);
    element.setAttribute('value', String(value ?? ''));
    element.textContent = format(value);
    const difference = this.since?.get(subject)?.[name];
    if (difference === undefined) return;
    const change = format(difference);
    // Some figures have their sign already.
    const text = difference === null ? t('compare.differs') : difference > 0 && !change.startsWith('+') ? `+${change}` : change;
    element.append(h('span', { class: 'since', 'data-tip': t('compare.since') }, ` ${text}`));
  }

  // MARK: In sight

  /** @param {boolean} isInSight */
  see(isInSight) {
    this.isInSight = isInSight;
    if (isInSight) this.caughtUp();
  }

  /** Brings a panel that comes into sight up to date. */
  caughtUp() {
    if (this.unseen > 0) {
      this.unseen = 0;
      void this.load(true);
    }
    if (this.isBehind) this.redraw();
    else this.mark();
  }

  /** Draws at once what is not drawn yet: before the page is printed there is no next frame. */
  drawNow() {
    if (this.isBehind && this.answer && this.isConnected) this.show();
  }

  // MARK: Asking

  /** @private */
  tick() {
    if (!this.current || !isLive() || (this.unwatch && liveStatus().kind === 'live')) return;
    if (!this.isInSight && this.unseen + 1 < unseenTicks) {
      this.unseen += 1;
      return;
    }
    this.unseen = 0;
    void this.load(true);
  }

  /**
   * Takes what the stream says.
   * @private
   * @param {import('./live.js').Frame} frame
   */
  follow(frame) {
    this.keepAnswer(frame.value, frame.receivedAt, false);
    if (this.isInSight || Date.now() - this.drawnAt > unseenMilliseconds) this.redraw();
    else this.isBehind = true;
  }

  /** Asks again, without taking away what is shown. */
  askAgain() {
    if (this.current) void this.load(true);
  }

  /** @private @param {boolean} quietly without taking away what is shown */
  async load(quietly) {
    const question = this.current;
    if (!question) return;
    const url = this.url;
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    if (!quietly) this.setAttribute('aria-busy', 'true');
    try {
      const now = state();
      const [answer, since] = await Promise.all([
        ask(question.path, question.parameters, asking.signal), now.compare && now.known_at ? differences(now) : null,
      ]);
      if (this.url !== url) return;
      this.since = since;
      this.take(answer.value, answer.receivedAt, answer.isOffline);
      if (question.topic && isLive() && !this.unwatch && this.isConnected) {
        this.unwatch = watch(question.topic, (frame) => this.follow(frame));
      }
      if (this.showsLate) void lateRepairs(now).then((found) => this.url === url && this.setLate(found));
    } catch (error) {
      if (asking.signal.aborted || this.url !== url) return;
      this.fail(error instanceof Trouble ? error : new Trouble(0, t('error.page'), t('error.page.next')));
      if (!(error instanceof Trouble)) console.error(error);
    } finally {
      if (this.url === url) this.removeAttribute('aria-busy');
    }
  }

  /** @private @param {any} answer @param {number} receivedAt @param {boolean} isOffline */
  take(answer, receivedAt, isOffline) {
    this.keepAnswer(answer, receivedAt, isOffline);
    this.redraw();
    if (isOffline) this.later(5);
  }

  /** @private @param {any} answer @param {number} receivedAt @param {boolean} isOffline */
  keepAnswer(answer, receivedAt, isOffline) {
    this.answer = answer;
    this.receivedAt = receivedAt;
    this.isOffline = isOffline;
    this.trouble = null;
    this.retryAt = null;
    clearTimeout(this.retry);
  }

  /** @private @param {Trouble} trouble */
  fail(trouble) {
    this.trouble = trouble;
    if (trouble.retrySeconds) this.later(trouble.retrySeconds);
    if (!this.answer) fill(this.body);
    this.mark();
  }

  /** @private @param {number} seconds */
  later(seconds) {
    clearTimeout(this.retry);
    this.retryAt = Date.now() + seconds * 1000;
    this.retry = setTimeout(() => void this.load(true), seconds * 1000);
  }

  /** @private @param {import('./late.js').LateRepairs | null} found */
  setLate(found) {
    this.late = found;
    this.mark();
  }

  // MARK: Showing

  /** @private */
  frame() {
    const title = h('h2', { class: 'panel-title' }, t(this.heading));
    fill(
      this, h('header', { class: 'panel-head' }, title, hint(t(this.meaning), t(this.heading)), this.chips, this.controls(), this.menu()),
      this.note, this.body,
    );
  }

  /** @private */
  menu() {
    const item = (/** @type {TextKey} */ key, /** @type {() => void} */ act) =>
      h('button', { type: 'button', onclick: (/** @type {Event} */ event) => {
        act();
        /** @type {Element} */ (event.target).closest('details')?.removeAttribute('open');
      } }, t(key));
    return h(
      'details', { class: 'menu' }, h('summary', { 'aria-label': t('panel.actions', { panel: t(this.heading) }) }, h('span', { 'aria-hidden': 'true' }, '⋯')),
      h('div', { class: 'menu-items' }, item('panel.curl', () => void this.copyCurl()), item('panel.csv', () => this.saveTable())),
    );
  }

  /** @private */
  show() {
    this.isBehind = false;
    this.drawnAt = Date.now();
    const again = successor(this.body);
    const scroll = scrolled(this.body);
    if (this.isEmpty(this.answer)) fill(this.body, h('div', { class: 'empty' }, this.emptyText()));
    else {
      const drawn = this.draw(this.answer);
      if (drawn !== undefined) fill(this.body, drawn);
    }
    again()?.focus({ preventScroll: true });
    scroll();
    endTicks([...this.body.querySelectorAll('.ticked')]);
    this.mark();
  }

  /**
   * Brings chips and notes up to date.
   * @private
   */
  mark() {
    const isStale = this.answer !== null && (this.isOffline || this.trouble !== null || isCutOff(this.receivedAt));
    this.classList.toggle('stale', isStale);
    replaceIfChanged(this.chips, this.answer ? this.chipTexts().map(([name, text, tip]) => ({ name, text, tip })) : []);
    const { words, age, next } = this.noteText(isStale);
    const parts = /** @type {const} */ ([[this.words, words], [this.age, age], [this.advice, next]]);
    for (const [part, text] of parts) if (part.textContent !== text) part.textContent = text;
    this.note.hidden = !words && !age;
  }

  /** @private @returns {[string, string, string][]} */
  chipTexts() {
    /** @type {[string, string, string][]} */
    const chips = [];
    const meta = this.answer.meta ?? {};
    const now = state();
    if (now.known_at) chips.push(['known', t('chip.known', { time: dateTime(now.known_at) }), t('chip.known.tip')]);
    else if (meta.freshness_seconds === null) chips.push(['fresh', t('chip.fresh.none'), t('chip.fresh.tip')]);
    else if (meta.freshness_seconds !== undefined) {
      const age = meta.freshness_seconds + Math.max(0, serverNow() - this.receivedAt) / 1000;
      const level = age > 900 ? 'old' : 'fresh';
      // Minutes do for what is old, so that nothing ticks for nothing.
      chips.push([level, t('chip.fresh', { age: span(age < 60 ? Math.round(age) : age) }), t('chip.fresh.tip')]);
    }
    const coverage = this.coverage(this.answer);
    if (coverage !== undefined) {
      const level = coverage === null || coverage < 50 ? 'low' : 'coverage';
      chips.push([level, t('chip.coverage', { value: coverage === null ? none : percent(coverage) }), t('chip.coverage.tip')]);
    }
    if (this.late && !this.late.isWhole) chips.push([this.late.count > 0 ? 'late' : 'least', t('chip.late.least', { count: number(this.late.count) }), t('chip.late.least.tip')]);
    else if (this.late?.count) chips.push(['late', counted('chip.late', this.late.count, number(this.late.count)), t('chip.late.tip')]);
    if (meta.gaps) chips.push(['gaps', counted('chip.gaps', meta.gaps, number(meta.gaps)), t('chip.gaps.tip')]);
    return chips;
  }

  /** @private @param {boolean} isStale */
  noteText(isStale) {
    const seconds = this.retryAt ? Math.max(0, Math.ceil((this.retryAt - Date.now()) / 1000)) : 0;
    const again = this.retryAt ? ' ' + t('error.retry', { seconds }) : '';
    const isToday = date(this.receivedAt) === date(serverNow());
    const time = (isToday ? exactTime : dateTime)(this.receivedAt);
    const seen = isStale ? t('stale.age', { age: span(Math.round((serverNow() - this.receivedAt) / 1000)), time }) : '';
    // Why, and what comes next, the banner of the page says.
    if (seen && isLive() && isGone()) return { words: '', age: seen, next: '' };
    if (this.trouble) return { words: this.trouble.title, age: seen, next: this.trouble.next + again };
    if (this.isOffline) return { words: t('stale.offline'), age: seen, next: again.trim() };
    return { words: '', age: seen, next: '' };
  }

  // MARK: Taking along

  /** @private */
  async copyCurl() {
    if (!this.current) return;
    const text = curl(this.current.path, this.current.parameters);
    try {
      await navigator.clipboard.writeText(text);
      say(t('panel.copied'));
    } catch {
      // Outside a secure context there is no clipboard: it can be copied by hand.
      prompt(t('panel.copy'), text);
    }
  }

  /** @private */
  saveTable() {
    const table = this.answer ? this.table(this.answer) : null;
    if (!table) return say(t('panel.csv.none'));
    const url = URL.createObjectURL(new Blob([csv(table)], { type: 'text/csv;charset=utf-8' }));
    h('a', { href: url, download: `${state().site ?? 'andon'}-${this.localName.replace(/^andon-/, '')}.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  }
}

/**
 * The rows of items: their plain members, by name.
 * @param {any[]} items
 * @returns {Table}
 */
export function rows(items) {
  const names = Object.keys(items[0] ?? {}).filter((name) => items[0][name] === null || typeof items[0][name] !== 'object');
  return [names, ...items.map((item) => names.map((name) => item[name] ?? null))];
}

/** @param {Table} table */
function csv(table) {
  const cell = (/** @type {string | number | null} */ value) => {
    let text = value === null ? '' : String(value);
    // A spreadsheet would run it.
    if (typeof value === 'string' && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return table.map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n';
}

/**
 * What something means, shown on hover and focus.
 * @param {string} text
 * @param {string} about
 */
export function hint(text, about) {
  return h('button', { type: 'button', class: 'hint', 'aria-label': t('panel.meaning', { panel: about }), 'data-tip': text }, '?');
}

/**
 * The name of a figure, with its definition on hover and focus.
 * @param {string} name the member of the answer
 */
export function figureName(name) {
  const key = /** @type {TextKey} */ (`figure.${name}`);
  return h('span', { class: 'figure-name', tabindex: '0', 'data-tip': t(/** @type {TextKey} */ (`${key}.meaning`)) }, t(key));
}

/**
 * @param {HTMLElement} element
 * @param {{ name: string, text: string, tip: string }[]} chips
 */
function replaceIfChanged(element, chips) {
  const key = JSON.stringify(chips);
  if (element.dataset.shown === key) return;
  const before = [...element.children].map((one) => one.getAttribute('data-name'));
  element.dataset.shown = key;
  // The same chips with other words keep their elements, and so the focus.
  if (before.length === chips.length && chips.every((chip, index) => before[index] === chip.name)) {
    chips.forEach((chip, index) => (element.children[index].textContent = chip.text));
    return;
  }
  fill(element, chips.map((chip) => h('span', { class: `chip chip-${chip.name}`, tabindex: '0', 'data-tip': chip.tip, 'data-name': chip.name }, chip.text)));
}

/**
 * What takes the place of the element with the focus, once the place is drawn anew: a panel that moves every second must
 * not throw back a reader who goes through it with the keyboard.
 * @param {HTMLElement} place
 * @returns {() => HTMLElement | SVGElement | null} null: nothing in it has the focus, or it still has it
 */
function successor(place) {
  const focused = document.activeElement;
  if (!focused || !place.contains(focused)) return () => null;
  const key = focused.getAttribute('data-key');
  const usable = () => [...place.querySelectorAll('a[href], button, select, input, summary, [tabindex="0"]')];
  const index = usable().indexOf(focused);
  return () => {
    if (focused.isConnected) return null;
    const found = key ? [...place.querySelectorAll('[data-key]')].find((one) => one.getAttribute('data-key') === key) : usable()[index];
    return found instanceof HTMLElement || found instanceof SVGElement ? found : null;
  };
}

/**
 * Scrolls lists inside a place to where they are now, once it is drawn anew.
 * @param {HTMLElement} place
 * @returns {() => void}
 */
function scrolled(place) {
  const lists = () => place.querySelectorAll('.scroll, .shifts, .alerts');
  const before = [...lists()].map((list) => ({ list, top: list.scrollTop, left: list.scrollLeft }));
  if (!before.some(({ top, left }) => top > 0 || left > 0)) return () => {};
  return () => lists().forEach((list, index) => {
    const { list: old, top, left } = before[index] ?? {};
    if (old && old !== list) list.scrollTo(left ?? 0, top ?? 0);
  });
}

/**
 * Whether the page is to be live, has not been for a while, and nothing newer came on another way: a line that is back at
 * once greys nothing.
 * @param {number} receivedAt
 */
function isCutOff(receivedAt) {
  const { since } = liveStatus();
  return isLive() && isGone() && serverNow() - since > 3000 && receivedAt <= since + 1000;
}

/** @type {Element[]} */
let ticking = [];

/**
 * Lets figures stand out for a moment, all of the page until the same one: each change of what is to be seen costs a frame.
 * @param {Element[]} ticked
 */
function endTicks(ticked) {
  const fresh = ticked.filter((one) => !ticking.includes(one));
  if (fresh.length > ticksMaximum || isStill()) return fresh.forEach((one) => one.classList.remove('ticked'));
  if (ticking.length === 0 && fresh.length > 0) {
    setTimeout(() => {
      for (const one of ticking) one.classList.remove('ticked');
      ticking = [];
    }, tickMilliseconds);
  }
  ticking.push(...fresh);
}

/** Those within half a screen are in sight: who scrolls finds them drawn. */
const sight = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) if (target instanceof Panel) target.see(isIntersecting);
}, { rootMargin: '50%' });

const widths = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) if (target.parentElement instanceof Panel) target.parentElement.width = contentRect.width;
});

addEventListener('beforeprint', () => {
  for (const one of document.querySelectorAll('.panel')) if (one instanceof Panel) one.drawNow();
});

/** @type {Set<() => void>} */
const seconds = new Set();
let actedAt = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let nextAct;

/** @param {number} milliseconds until the next time */
function act(milliseconds) {
  clearTimeout(nextAct);
  nextAct = setTimeout(act, milliseconds, 1000);
  actedAt = Date.now();
  if (document.visibilityState === 'visible') for (const one of [...seconds]) one();
}

act(1000);
// While news come every second, ages move on in the frame that draws them, and need none of their own.
onNews(() => Date.now() - actedAt > 800 && requestAnimationFrame(() => act(1400)));

/**
 * @param {() => void} act
 * @returns {() => void} ends it
 */
export function everySecond(act) {
  seconds.add(act);
  return () => seconds.delete(act);
}

/**
 * Makes a panel known to the browser and returns how to make one.
 * @param {string} tag
 * @param {CustomElementConstructor} type
 */
export function panel(tag, type) {
  if (!customElements.get(tag)) customElements.define(tag, type);
  return (/** @type {import('./dom.js').Properties} */ properties = {}) => custom(tag, properties);
}
