/**
 * One site.
 * @module
 */
import { h } from '../lib/dom.js';
import { dateTime } from '../lib/format.js';
import { state } from '../lib/state.js';
import { t } from '../lib/text.js';
import { alertsPanel } from '../panels/alerts.js';
import { gridPanel } from '../panels/grid.js';
import { kpiPanel } from '../panels/kpi.js';
import { leadersPanel } from '../panels/leaders.js';
import { logPanel } from '../panels/log.js';
import { nowPanel } from '../panels/now.js';
import { shiftsPanel } from '../panels/shifts.js';
import { trendPanel } from '../panels/trend.js';

export function site() {
  return h(
    'div', { class: 'page page-site' },
    h('div', { class: 'print-only print-head' }, h('h1', null, `${t('print.title')} · ${state().site}`), h('p', null, t('print.made', { time: dateTime(Date.now()) }))),
    kpiPanel(), leadersPanel(), gridPanel(), trendPanel(), shiftsPanel(), nowPanel(), alertsPanel(), logPanel({ class: 'not-on-wall' }),
  );
}
