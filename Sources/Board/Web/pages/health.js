/** The health of the camera model. @module */
import { h } from '../lib/dom.js';
import { t } from '../lib/text.js';
import { alertsPanel } from '../panels/alerts.js';
import { healthCameras } from '../panels/health-cameras.js';
import { healthDrift } from '../panels/health-drift.js';
import { healthHeatmap } from '../panels/health-heatmap.js';
import { healthLine } from '../panels/health-line.js';
import { healthStatus } from '../panels/health-status.js';
import { reportLinks } from '../panels/report-links.js';

export function health() {
  return h(
    'div', { class: 'page page-health' }, h('div', { class: 'page-head' }, h('h1', null, t('nav.health')), reportLinks()),
    healthStatus(), healthLine(), healthHeatmap(), healthCameras(), healthDrift(), alertsPanel(),
  );
}
