import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketLabels, cellLook, rowsInView } from '../../Sources/Board/Web/draw/heatmap.js';
import { placed } from '../../Sources/Board/Web/draw/line.js';
import { stripRows } from '../../Sources/Board/Web/draw/strip.js';
import { fitted } from '../../Sources/Board/Web/draw/svg.js';
import { thinShapes, withGaps, zoomed } from '../../Sources/Board/Web/draw/timeline.js';

test('what no interval covers is an item of its own: before, between and after (SPEC 4.3)', () => {
  const intervals = [
    { state: 'working', from: '2026-01-12T08:00:00.000000Z', to: '2026-01-12T09:00:00.000000Z' },
    { state: 'idle', from: '2026-01-12T09:00:00.000000Z', to: '2026-01-12T09:30:00.000000Z' },
    { state: 'working', from: '2026-01-12T10:00:00.000000Z', to: '2026-01-12T11:00:00.000000Z' },
  ];
  const items = withGaps(intervals, '2026-01-12T07:00:00.000000Z', '2026-01-12T12:00:00.000000Z');
  assert.deepEqual(items.map(({ state, from }) => `${state} ${from.slice(11, 16)}`), [
    'unknown 07:00', 'working 08:00', 'idle 09:00', 'unknown 09:30', 'working 10:00', 'unknown 11:00',
  ]);
  for (let place = 1; place < items.length; place += 1) assert.equal(items[place - 1].to, items[place].from);
});

test('a window without intervals is one gap, and an empty window has none', () => {
  assert.deepEqual(withGaps([], '2026-01-12T07:00:00Z', '2026-01-12T08:00:00Z'), [
    { state: 'unknown', from: '2026-01-12T07:00:00Z', to: '2026-01-12T08:00:00Z' },
  ]);
  assert.deepEqual(withGaps([], '2026-01-12T07:00:00Z', '2026-01-12T07:00:00Z'), []);
});

test('intervals too thin to be hit become one shape for each state, and gaps none', () => {
  const at = (minute) => new Date(Date.UTC(2026, 0, 12, 0, minute)).toISOString();
  const intervals = Array.from({ length: 2000 }, (_, place) => ({
    state: ['working', 'idle', 'unknown'][place % 3], from: at(place), to: at(place + 1),
  }));
  const paths = thinShapes(intervals, 4, (time) => (time - Date.UTC(2026, 0, 12)) / 1e6);
  assert.deepEqual([...paths.keys()], ['working', 'idle']);
  assert.equal(paths.get('working').match(/M/g).length, 667);
  assert.match(paths.get('idle'), /^M0\.1 19h0\.1v15h-0\.1z/);
});

test('zooming keeps the middle, and moving keeps the length', () => {
  assert.deepEqual(zoomed(0, 100, 'in'), { from: 25, to: 75 });
  assert.deepEqual(zoomed(25, 75, 'out'), { from: 0, to: 100 });
  assert.deepEqual(zoomed(0, 100, 'left'), { from: -50, to: 50 });
  assert.deepEqual(zoomed(0, 100, 'right'), { from: 50, to: 150 });
});

test('shifts that overlap get rows of their own, shifts that follow each other share one', () => {
  const shift = (from, to) => ({ from: `2026-01-12T${from}:00Z`, to: `2026-01-12T${to}:00Z` });
  assert.deepEqual(stripRows([shift('06:00', '14:00'), shift('08:00', '16:00'), shift('14:00', '22:00')]), [0, 1, 0]);
});

test('a cell shows a sign or a number beside its colour, and nothing where nothing is known', () => {
  assert.deepEqual(cellLook(0.7, 'confidence'), { step: 'critical', sign: '✕' });
  assert.deepEqual(cellLook(0.8, 'confidence'), { step: 'warning', sign: '~' });
  assert.deepEqual(cellLook(82.6, 'percentage'), { step: 'shade-4', sign: '83' });
  assert.deepEqual(cellLook(0, 'percentage'), { step: 'shade-0', sign: '0' });
  assert.deepEqual(cellLook(null, 'percentage'), { step: 'none', sign: '' });
});

test('of a thousand rows only those in view are drawn', () => {
  for (const scrolled of [0, 5_000, 26_000]) {
    const { first, last } = rowsInView(scrolled, 468, 1_000);
    assert.ok(first >= 0 && last <= 1_000 && last - first <= 30);
  }
  assert.deepEqual(rowsInView(0, 468, 3), { first: 0, last: 3 });
  assert.deepEqual(rowsInView(0, 468, 0), { first: 0, last: 0 });
});

test('points too far apart are not joined, and values outside the axis stay on it', () => {
  const points = ['08', '09', '12'].map((hour, place) => ({ at: `2026-01-12T${hour}:00:00Z`, value: place - 0.5 }));
  const options = { low: 0, high: 1, gapMilliseconds: 3_600_000 };
  const drawn = placed(points, () => 0, (value) => value, options);
  assert.deepEqual(drawn, [{ x: 0, y: 0 }, { x: 0, y: 0.5 }, null, { x: 0, y: 1 }]);
});

test('a text that is too long is cut between characters, never inside one', () => {
  assert.equal(fitted('Early', 100), 'Early');
  assert.equal(fitted('👷'.repeat(20), 130), '👷'.repeat(9) + '…');
  assert.equal(fitted('Early', 8), '');
});

test('above a heat map stand dates where days begin, and times where they do not touch one', () => {
  const hours = (first) => Array.from({ length: 24 }, (_, hour) => (hour + first < 24 ? 'Mon' : 'Tue'));
  const labels = bucketLabels(hours(5));
  assert.deepEqual(labels.map((label, place) => (label ? `${place} ${label}` : '')).filter(Boolean), [
    '0 date', '3 time', '6 time', '9 time', '12 time', '15 time', '19 date', '22 time',
  ]);
  assert.deepEqual(bucketLabels(['1', '2', '3', '4', '5', '6', '7']).filter(Boolean), ['date', 'date', 'date']);
});
