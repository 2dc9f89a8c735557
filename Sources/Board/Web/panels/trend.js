/**
 * Units and utilization over time: with dygraphs where it is there, else drawn by itself.
 * @module
 */
import { fill, h, s } from '../lib/dom.js';
import { number, percent, shortDate, time, period, date } from '../lib/format.js';
import { Panel, asked, panel } from '../lib/panel.js';
import { keep, state } from '../lib/state.js';
import { t } from '../lib/text.js';

/** @type {Promise<any> | null} */
let library = null;

/** The library, loaded once it is needed; null where the server does not have it. */
function dygraphs() {
  library ??= new Promise((resolve) => {
    const script = h('script', { src: '/assets/lib/dygraph.js', onload: () => resolve(prepared(/** @type {any} */ (globalThis).Dygraph)), onerror: () => resolve(null) });
    document.head.append(h('link', { rel: 'stylesheet', href: '/assets/lib/dygraph.css' }), script);
  });
  return library;
}

/**
 * Without its legend, which writes styles into markup, as the policy of the page forbids.
 * @param {any} Dygraph
 */
function prepared(Dygraph) {
  if (!Dygraph) return null;
  Dygraph.PLUGINS = Dygraph.PLUGINS.filter((/** @type {any} */ one) => one !== Dygraph.Plugins.Legend);
  return Dygraph;
}

class Trend extends Panel {
  get heading() { return /** @type {const} */ ('trend.title'); }
  get meaning() { return /** @type {const} */ ('trend.meaning'); }

  /** @type {any} */
  chart = null;
  place = h('div', { class: 'chart', role: 'img' });
  reading = h('p', { class: 'chart-reading muted' });

  get bucket() {
    const kept = state().more.bucket;
    if (kept === 'hour' || kept === 'day') return kept;
    return /(week|month)$/.test(state().period ?? '') ? 'day' : 'hour';
  }

  /** @param {import('../lib/state.js').State} now @returns {import('../lib/panel.js').Question} */
  question(now) {
    return { path: '/api/metrics/trend', parameters: { ...asked(now), bucket: this.bucket } };
  }

  controls() {
    const select = h(
      'select', { 'aria-label': t('trend.bucket'), class: 'small', onchange: () => keep('bucket', select.value) },
      /** @type {const} */ (['hour', 'day']).map((one) => h('option', { value: one, selected: one === this.bucket }, t(`trend.${one}`))),
    );
    return select;
  }

  /** A chart that nobody sees has no size: it is drawn when it gets one. */
  sight = new ResizeObserver(() => this.redraw());
  dark = matchMedia('(prefers-color-scheme: dark)');
  recolour = () => this.redraw();

  /** @returns {(() => void)[]} */
  begin() {
    this.sight.observe(this.place);
    this.dark.addEventListener('change', this.recolour);
    return [() => {
      this.sight.disconnect();
      this.dark.removeEventListener('change', this.recolour);
      this.chart?.destroy();
      this.chart = null;
    }];
  }

  /** @param {any} _answer */
  coverage(_answer) {
    return undefined;
  }

  /** @param {any} answer */
  draw(answer) {
    if (!this.body.contains(this.place)) {
      this.chart?.destroy();
      this.chart = null;
      fill(
        this.body, h('div', { class: 'chart-legend', 'aria-hidden': 'true' }, h('span', { class: 'key-units' }, t('figure.total_production_count')), h('span', { class: 'key-utilization' }, t('figure.average_utilization_percentage'))),
        this.place, this.reading,
      );
    }
    this.place.setAttribute('aria-label', t('trend.chart', { count: answer.items.length }));
    void dygraphs().then((Dygraph) => {
      if (!this.isConnected || this.answer !== answer || this.place.clientWidth === 0) return;
      if (Dygraph && answer.items.length > 1) this.plot(Dygraph, answer.items);
      else fill(this.place, picture(answer.items));
    });
  }

  /** @param {any} Dygraph @param {any[]} items */
  plot(Dygraph, items) {
    const data = items.map((one) => [new Date(one.from), one.total_production_count, one.average_utilization_percentage]);
    // The last step would end at its start.
    data.push([new Date(items[items.length - 1].to), null, null]);
    const isHour = this.bucket === 'hour' && Date.parse(items[items.length - 1].to) - Date.parse(items[0].from) <= 2 * 86_400_000;
    const label = (/** @type {string | number | Date} */ at) => (isHour ? time(at) : shortDate(at));
    const colours = getComputedStyle(this);
    const fontSize = Math.round(parseFloat(colours.fontSize) * 0.8);
    const [muted, line, accent] = ['--muted', '--line', '--accent'].map((name) => colours.getPropertyValue(name).trim());
    const options = {
      file: data, labels: ['time', 'units', 'utilization'], legend: 'never', colors: [accent, colours.getPropertyValue('--working-line').trim()],
      axisLineColor: line, gridLineColor: line, axisLabelFontSize: fontSize,
      series: { units: { plotter: bars }, utilization: { axis: 'y2', strokeWidth: 2.5, drawPoints: items.length < 60, pointSize: 3 } },
      valueRange: [0, null], includeZero: true,
      axes: {
        x: {
          ticker: () => ticks(isHour ? items : dayStarts(items), this.place.clientWidth, fontSize).map((one) => ({ v: Date.parse(one.from), label: label(one.from) })), drawGrid: false,
          axisLabelWidth: 5 * fontSize,
        },
        // A wall is read with larger letters, which need more room.
        y: { axisLabelFormatter: (/** @type {number} */ value) => number(value, 0, 1), axisLabelWidth: 4 * fontSize, pixelsPerLabel: 2.5 * fontSize },
        y2: { valueRange: [0, 100.5], ticker: () => [0, 25, 50, 75, 100].map((v) => ({ v, label: `${number(v)} %` })), axisLabelWidth: 4 * fontSize, independentTicks: true, drawGrid: false },
      },
      highlightCallback: (/** @type {unknown} */ _event, /** @type {number} */ x) => this.read(items.find((one) => Date.parse(one.from) === x)),
      unhighlightCallback: () => this.read(null),
      interactionModel: {},
    };
    const size = `${this.place.clientWidth} ${this.place.clientHeight}`;
    if (this.chart && this.chart.muted === muted && this.chart.size === size && this.place.contains(this.chart.graphDiv)) return this.chart.updateOptions(options);
    this.chart?.destroy();
    fill(this.place);
    const { file, ...first } = options;
    this.chart = new Dygraph(this.place, file, first);
    this.chart.muted = muted;
    this.chart.size = size;
  }

  /** @param {any} one */
  read(one) {
    this.reading.textContent = one
      ? `${period(one.from, one.to)}: ${number(one.total_production_count)} ${t('figure.total_production_count')}, ${percent(one.average_utilization_percentage)} ${t('figure.average_utilization_percentage')}`
      : '';
  }
}

/**
 * Bars from each step's start to the next one's, for dygraphs.
 * @param {any} event
 */
function bars(event) {
  const { drawingContext: context, points, dygraph } = event;
  const zero = dygraph.toDomYCoord(0);
  context.fillStyle = event.color;
  context.globalAlpha = 0.55;
  points.forEach((/** @type {any} */ point, /** @type {number} */ index) => {
    const next = points[index + 1];
    if (!next || point.yval === null || Number.isNaN(point.canvasy)) return;
    context.fillRect(point.canvasx + 1, point.canvasy, Math.max(1, next.canvasx - point.canvasx - 2), zero - point.canvasy);
  });
  context.globalAlpha = 1;
}

/**
 * The steps with which a day begins; all, where none does.
 * @param {any[]} items
 */
function dayStarts(items) {
  const starts = items.filter((one, index) => index > 0 && date(one.from) !== date(items[index - 1].from));
  return starts.length > 0 ? starts : items;
}

/**
 * Steps that get a label, as many as there is room for.
 * @param {any[]} items
 * @param {number} width
 * @param {number} [fontSize] in pixels
 */
function ticks(items, width, fontSize = 12) {
  const every = Math.max(1, Math.ceil(items.length / Math.max(2, Math.floor(width / (5 * fontSize)))));
  return items.filter((_, index) => index % every === 0);
}

/**
 * The same without a library.
 * @param {any[]} items
 */
function picture(items) {
  const [width, height, bottom] = [600, 200, 180];
  const most = Math.max(1, ...items.map((one) => one.total_production_count));
  const step = width / Math.max(1, items.length);
  const points = items.flatMap((one, index) => (one.average_utilization_percentage === null ? [] : [`${(index + 0.5) * step},${bottom - (one.average_utilization_percentage / 100) * bottom}`]));
  const isDays = items.length > 1 && date(items[0].from) !== date(items[items.length - 1].from);
  return s(
    'svg', { viewBox: `0 0 ${width} ${height}`, class: 'chart-svg' },
    items.map((one, index) => s('rect', { class: 'bar', x: index * step + 1, y: bottom - (one.total_production_count / most) * bottom, width: Math.max(1, step - 2), height: (one.total_production_count / most) * bottom })),
    s('polyline', { class: 'line', points: points.join(' ') }),
    ticks(items, width).map((one) => s('text', { x: (items.indexOf(one) + 0.5) * step, y: height - 4, 'text-anchor': 'middle' }, isDays ? shortDate(one.from) : time(one.from))),
  );
}

export const trendPanel = panel('andon-trend', Trend);
