/** One workstation. @module */
import { h } from '../lib/dom.js';
import { stationFigures } from '../panels/station-figures.js';
import { stationTimeline } from '../panels/station-timeline.js';
import { subjectHead } from '../panels/subject-head.js';
import { subjectHistory } from '../panels/subject-history.js';
import { subjectTrend } from '../panels/subject-trend.js';

export function station() {
  return h('div', { class: 'page page-station' }, subjectHead(), stationTimeline(), stationFigures(), subjectTrend(), subjectHistory());
}
