/**
 * One site.
 * @module
 */
import { serverNow } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { dateTime, period } from '../lib/format.js';
import { state } from '../lib/state.js';
import { t } from '../lib/text.js';
import { windowShown } from '../lib/window.js';
import { alertsPanel } from '../panels/alerts.js';
import { gridPanel } from '../panels/grid.js';
import { onStateWhile } from '../panels/header.js';
import { heatmapPanel } from '../panels/heatmap.js';
import { kpiPanel } from '../panels/kpi.js';
import { leadersPanel } from '../panels/leaders.js';
import { logPanel } from '../panels/log.js';
import { nowPanel } from '../panels/now.js';
import { shiftsPanel } from '../panels/shifts.js';
import { trendPanel } from '../panels/trend.js';

export function site() {
  return h(
    'div', { class: 'page page-site' }, printHead(), kpiPanel(), leadersPanel(), gridPanel(), trendPanel(), shiftsPanel(), nowPanel(), alertsPanel(),
    heatmapPanel({ class: 'not-on-wall' }), logPanel({ class: 'not-on-wall' }),
  );
}

addEventListener('beforeprint', () => document.querySelector('.print-head')?.dispatchEvent(new Event('refill')));

/** What a printed page says of itself, made when it is printed. */
function printHead() {
  const title = h('h2');
  const made = h('p');
  const fill = () => {
    const now = state();
    made.textContent = t('print.made', { time: dateTime(serverNow()) }) + (now.known_at ? ` · ${t('chip.known', { time: dateTime(now.known_at) })}` : '');
    void windowShown(now).then((shown) => (title.textContent = `${t('print.title')}${shown ? ` · ${period(shown.from, shown.to)}` : ''}`));
  };
  const head = h('div', { class: 'print-only print-head' }, title, made);
  onStateWhile(head, fill);
  head.addEventListener('refill', fill);
  fill();
  return head;
}
