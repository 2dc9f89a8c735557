/**
 * The pages of the event log that are known. Each keeps the cursor that brings it, so those far from the view let go of
 * their events and can come back.
 * @module
 */

/**
 * @typedef {object} Page
 * @property {string | null} cursor null: the first page
 * @property {number} start index of its first event
 * @property {number} count
 * @property {any[] | null} items null: let go
 * @property {boolean} isComing
 */

/** Pages kept in memory around the view. */
const heldMaximum = 12;
/** Pages on each side of the view that are never let go. */
const nearPages = 3;

export class LogPages {
  /** @type {Page[]} */
  all = [];
  /** Events of all pages. */
  count = 0;
  /** @type {string | null} cursor of the page after the last one */
  next = null;
  /** @private */
  held = 0;

  /** @param {string | null} cursor @param {any[]} items @param {string | null} next */
  add(cursor, items, next) {
    this.all.push({ cursor, start: this.count, count: items.length, items, isComing: false });
    this.count += items.length;
    this.held += 1;
    this.next = next;
  }

  /** Whether the last event is known. */
  get isWhole() {
    return this.all.length > 0 && this.next === null;
  }

  /**
   * The page that has an event.
   * @param {number} index
   * @returns {Page | undefined}
   */
  at(index) {
    let [low, high] = [0, this.all.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.all[middle].start <= index) low = middle;
      else high = middle - 1;
    }
    return this.all[low];
  }

  /** @param {Page} page @param {any[]} items */
  restore(page, items) {
    page.items = items.slice(0, page.count);
    this.held += 1;
  }

  /**
   * Puts other events in place of those of the first page.
   * @param {any[]} items
   */
  renew(items) {
    const more = items.length - this.all[0].count;
    this.all[0].items = items;
    this.all[0].count = items.length;
    for (const page of this.all.slice(1)) page.start += more;
    this.count += more;
  }

  /**
   * Lets go of pages far from those in view, of which there are too many.
   * @param {number} first @param {number} last of the events in view
   */
  forget(first, last) {
    if (this.held <= heldMaximum) return;
    for (const page of this.all) {
      const near = nearPages * page.count;
      const isFar = page.start + page.count < first - near || page.start > last + near;
      // The first page takes what arrives.
      if (!isFar || page.start === 0 || !page.items) continue;
      page.items = null;
      this.held -= 1;
    }
  }
}
