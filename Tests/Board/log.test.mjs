import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Stretch, tallest } from '../../Sources/Board/Web/draw/stretch.js';
import { LogPages } from '../../Sources/Board/Web/panels/log-pages.js';

const view = 420;

/** A list of so many pixels, and where a reader is in it. */
function stretched(total) {
  const stretch = new Stretch();
  let top = 0;
  return {
    stretch,
    get position() { return top + stretch.offset; },
    by(pixels) { this.to(top + pixels); },
    to(wanted) {
      stretch.fit(total, view);
      top = stretch.move(Math.max(0, Math.min(wanted, stretch.height - view)));
    },
  };
}

test('a list that fits into an element is scrolled as it is', () => {
  const list = stretched(tallest);
  for (const top of [0, 500, tallest - view, 17]) {
    list.to(top);
    assert.equal(list.position, top);
  }
});

test('a list of any height is scrolled through pixel by pixel, to its end and back', () => {
  const total = 3 * tallest + 12_345;
  const list = stretched(total);
  const step = 3000;
  const most = Math.ceil(total / step) + 10;
  let steps = 0;
  for (let before = -1; list.position !== before && steps < most; steps += 1) {
    before = list.position;
    list.by(step);
    assert.ok(list.position - before <= step + 1, `${before} to ${list.position}`);
  }
  assert.equal(list.position, total - view);
  for (let before = -1; list.position !== before && steps < 2 * most; steps += 1) {
    before = list.position;
    list.by(-step);
    assert.ok(before - list.position <= step + 1, `${before} to ${list.position}`);
  }
  assert.equal(list.position, 0);
});

test('a jump of the scroll bar goes to the same share of the list', () => {
  const total = 4 * tallest;
  const list = stretched(total);
  list.to((tallest - view) / 2);
  assert.equal(list.position, (total - view) / 2);
  list.to(tallest);
  assert.equal(list.position, total - view);
  list.to(0);
  assert.equal(list.position, 0);
});

const events = (from, count) => Array.from({ length: count }, (_, place) => from + place);

test('of many pages of a log few are kept, and each event is found in its page', () => {
  const pages = new LogPages();
  for (let page = 0; page < 200; page += 1) {
    pages.add(page === 0 ? null : `c${page}`, events(page * 500, 500), page === 199 ? null : `c${page + 1}`);
    pages.forget(page * 500, page * 500 + 20);
    assert.ok(pages.all.filter((one) => one.items).length <= 13);
  }
  assert.ok(pages.isWhole);
  assert.equal(pages.count, 100_000);
  for (const index of [0, 499, 500, 51_234, 99_999]) {
    const page = pages.at(index);
    assert.ok(page.start <= index && index < page.start + page.count);
  }
  const gone = pages.at(51_234);
  assert.equal(gone.items, null);
  pages.restore(gone, events(gone.start, 700));
  assert.equal(gone.items[51_234 - gone.start], 51_234);
  assert.equal(gone.items.length, 500);
  assert.notEqual(pages.at(0).items, null);
});

test('events that arrive move what is behind them', () => {
  const pages = new LogPages();
  pages.add(null, events(0, 500), 'next');
  pages.add('next', events(500, 500), null);
  pages.renew([-2, -1, ...events(0, 500)]);
  assert.equal(pages.count, 1002);
  const page = pages.at(502);
  assert.equal(page.items[502 - page.start], 500);
});
