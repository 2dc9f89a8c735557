/** One worker. @module */
import { h } from '../lib/dom.js';
import { subjectHead } from '../panels/subject-head.js';
import { subjectHistory } from '../panels/subject-history.js';
import { subjectTrend } from '../panels/subject-trend.js';
import { workerFigures } from '../panels/worker-figures.js';
import { workerTimeline } from '../panels/worker-timeline.js';

export function worker() {
  return h('div', { class: 'page page-worker' }, subjectHead(), workerTimeline(), workerFigures(), subjectTrend(), subjectHistory());
}
