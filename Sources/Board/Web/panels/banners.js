/**
 * What a reader must know before any figure: the connection is lost, or the page does not show now.
 * @module
 */
import { fill, h } from '../lib/dom.js';
import { dateTime, exactTime, period } from '../lib/format.js';
import { liveStatus, onLiveStatus, retryNow } from '../lib/live.js';
import { everySecond } from '../lib/panel.js';
import { isLive, link, onState, state } from '../lib/state.js';
import { t } from '../lib/text.js';
import { windowShown } from '../lib/window.js';

/** The banners, above the content. */
export function banners() {
  const lost = h('div', { class: 'banner banner-lost', role: 'alert', hidden: true });
  const past = h('div', { class: 'banner banner-past', role: 'status', hidden: true });
  const place = h('div', { class: 'banners' }, lost, past);
  const countdown = h('span');
  /** @type {(() => void)[]} */
  let ends = [];
  let wasThere = false;

  const showLost = () => {
    const { kind, lastSeen, retryAt } = liveStatus();
    const isLost = kind === 'lost' && isLive();
    if (lost.hidden === isLost) {
      lost.hidden = !isLost;
      if (isLost) {
        fill(
          lost, h('span', null, t('banner.lost', { time: lastSeen ? exactTime(lastSeen) : '–' })), ' ', countdown, ' ',
          h('button', { type: 'button', onclick: retryNow }, t('banner.lost.now')),
        );
      }
    }
    countdown.textContent = retryAt ? t('banner.lost.retry', { seconds: Math.max(0, Math.ceil((retryAt - Date.now()) / 1000)) }) : t('live.connecting');
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
