/**
 * What a reader must know before any figure: the connection is lost, or the page does not show now.
 * @module
 */
import { sentence, serverNow } from '../lib/api.js';
import { fill, h } from '../lib/dom.js';
import { dateTime, exactTime, period } from '../lib/format.js';
import { isGone, liveStatus, onLiveStatus, retryNow } from '../lib/live.js';
import { everySecond } from '../lib/panel.js';
import { isLive, link, onState, state } from '../lib/state.js';
import { t } from '../lib/text.js';
import { windowShown } from '../lib/window.js';

const movingMilliseconds = 1500;

/**
 * @param {string | null} reason what the server says; null: it cannot be reached
 * @param {number | null} lastSeen null: this page was never live, and each panel says how old its figures are
 */
function gone(reason, lastSeen) {
  if (lastSeen === null) return reason ?? t('error.unreachable');
  const time = exactTime(lastSeen);
  return reason === null ? t('banner.lost', { time }) : t('banner.away', { time, reason });
}

/** The banners, above the content. */
export function banners() {
  // Read out when it changes; what counts down beside it is not.
  const words = h('span', { role: 'alert' });
  const countdown = h('span');
  const again = h('button', { type: 'button', onclick: retryNow }, t('banner.lost.now'));
  const lost = h('div', { class: 'banner banner-lost', hidden: true }, words, countdown, again);
  const past = h('div', { class: 'banner banner-past', role: 'status', hidden: true });
  const place = h('div', { class: 'banners' }, lost, past);
  /** @type {(() => void)[]} */
  let ends = [];
  let wasThere = false;

  const showLost = () => {
    const { kind, since, lastSeen, retryAt, detail } = liveStatus();
    // A partition that moves is answered for again within a second: nobody wants a banner for that.
    const isShown = isGone() && isLive() && (kind === 'lost' || serverNow() - since > movingMilliseconds);
    const text = isShown ? gone(kind === 'away' ? sentence(detail ?? '') : null, lastSeen) : '';
    lost.hidden = !isShown;
    if (words.textContent !== text) words.textContent = text;
    const seconds = retryAt ? Math.max(0, Math.ceil((retryAt - Date.now()) / 1000)) : 0;
    countdown.textContent = retryAt ? t('banner.lost.retry', { seconds }) : kind === 'away' ? t('banner.away.looking') : t('live.connecting');
  };

  const showPast = async () => {
    const now = state();
    past.hidden = isLive() || now.page === 'sites' || !now.site;
    if (past.hidden) return;
    const back = h('a', { href: link({ known_at: null, from: null, to: null, period: null, compare: false }) }, t('banner.back'));
    const known = now.known_at && h('span', null, t('banner.known', { time: dateTime(now.known_at) }));
    const shown = await windowShown(now);
    if (state() !== now) return;
    const text = shown ? period(shown.from, shown.to) : (now.from ?? '–');
    fill(past, h('span', null, t('banner.past', { period: text })), ' ', known, ' ', back);
  };

  const whileThere = (/** @type {() => void} */ act) => () => {
    wasThere ||= place.isConnected;
    if (wasThere && !place.isConnected) for (const end of ends) end();
    else act();
  };
  ends = [
    onLiveStatus(whileThere(showLost)), everySecond(whileThere(showLost)), onState(whileThere(() => void showPast())),
  ];
  void showPast();
  showLost();
  return place;
}
