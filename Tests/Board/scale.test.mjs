import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  brokenLine, confidenceStep, fitting, linear, percentageStep, timeTicks, valueTicks, zoneOffset,
} from '../../Sources/Board/Web/draw/scale.js';

const iso = (time) => new Date(time).toISOString();

test('a gap breaks a line, and a value between two gaps is still seen', () => {
  const point = (x) => ({ x, y: 1 });
  assert.equal(brokenLine([point(0), point(1), null, point(3), null, point(5), point(6)]), 'M0 1L1 1M3 1h0.01M5 1L6 1');
  assert.equal(brokenLine([null, null]), '');
});

test('the three steps of confidence have the edges of the status (SPEC 6.2)', () => {
  assert.deepEqual([null, 0, 0.7499, 0.75, 0.85, 0.8501, 1].map(confidenceStep), [
    'none', 'critical', 'critical', 'warning', 'warning', 'healthy', 'healthy',
  ]);
});

test('an occupancy over 100 % has the darkest shade, and an unknown one has none', () => {
  assert.deepEqual([null, 0, 19.99, 20, 99.9, 100, 340].map(percentageStep), [null, 0, 0, 1, 4, 4, 4]);
});

test('time marks stand at full hours of the zone, also where it is off by 45 minutes', () => {
  const from = Date.parse('2026-01-12T00:00:00Z');
  const ticks = timeTicks(from, from + 4 * 3_600_000, 'Asia/Kathmandu', 4).map(({ at }) => iso(at));
  assert.deepEqual(ticks, [
    '2026-01-12T00:15:00.000Z', '2026-01-12T01:15:00.000Z', '2026-01-12T02:15:00.000Z', '2026-01-12T03:15:00.000Z',
  ]);
});

test('days of a time axis begin at local midnight on both sides of a change of clocks', () => {
  const ticks = timeTicks(Date.parse('2026-03-28T12:00:00Z'), Date.parse('2026-03-31T12:00:00Z'), 'Europe/Berlin', 3);
  assert.deepEqual(ticks.map(({ at, isMidnight }) => [iso(at), isMidnight]), [
    ['2026-03-28T23:00:00.000Z', true], ['2026-03-29T22:00:00.000Z', true], ['2026-03-30T22:00:00.000Z', true],
  ]);
});

test('an hour that happens twice or never leaves the marks of a time axis in order, each once', () => {
  const changes = [
    ['2026-10-25', 'Europe/Berlin'], ['2026-03-29', 'Europe/Berlin'], ['2026-04-05', 'Australia/Lord_Howe'],
  ];
  for (const [day, zone] of changes) {
    const from = Date.parse(`${day}T00:00:00Z`) - 43_200_000;
    const ticks = timeTicks(from, from + 86_400_000, zone, 24).map(({ at }) => at);
    assert.ok(ticks.length >= 20, zone);
    assert.deepEqual(ticks, [...new Set(ticks)].sort((one, other) => one - other), zone);
  }
});

test('an axis never has more marks than it has room for, from minutes to years', () => {
  const from = Date.parse('2026-01-12T00:00:00Z');
  for (const span of [60_000, 3_600_000, 86_400_000, 31 * 86_400_000, 366 * 86_400_000]) {
    for (const most of [1, 3, 10]) assert.ok(timeTicks(from, from + span, 'UTC', most).length <= most + 1);
  }
  assert.deepEqual(timeTicks(from, from, 'UTC', 5), []);
});

test('a value axis begins at 0, has round steps, and reaches its highest value', () => {
  assert.deepEqual(valueTicks(386), [0, 100, 200, 300, 400]);
  assert.deepEqual(valueTicks(0.9), [0, 0.25, 0.5, 0.75, 1]);
  assert.deepEqual(valueTicks(0), [0, 1]);
  for (const most of [1, 7, 33, 99, 100, 101, 12_345]) {
    const ticks = valueTicks(most);
    assert.ok(ticks[ticks.length - 1] >= most && ticks.length <= 6, String(most));
  }
});

test('a scale without an extent maps everything to its beginning', () => {
  assert.equal(linear(5, 5, 10, 20)(7), 10);
  assert.equal(linear(0, 10, 0, 100)(2.5), 25);
});

test('the offset of a zone follows its clock', () => {
  assert.equal(zoneOffset(Date.parse('2026-01-12T00:00:00.500Z'), 'Europe/Berlin'), 3_600_000);
  assert.equal(zoneOffset(Date.parse('2026-07-12T00:00:00Z'), 'Europe/Berlin'), 7_200_000);
  assert.equal(zoneOffset(Date.parse('1969-07-20T20:17:00Z'), 'America/New_York'), -14_400_000);
});

test('labels that would touch a more important one are left out', () => {
  const label = (at) => ({ at, text: '06:00', anchor: 'middle' });
  assert.deepEqual(fitting([label(100), label(110), label(200)]), [true, false, true]);
  assert.deepEqual(fitting([{ at: 0, text: '25 Nov', anchor: 'start' }, label(30), label(90)]), [true, false, true]);
});
