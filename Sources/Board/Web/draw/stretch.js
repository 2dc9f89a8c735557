/**
 * A list taller than a browser can make an element: what is scrolled through is shorter, and a distance between the two is
 * kept. Small movements are true to the pixel; a jump of the scroll bar goes to the same share of the list.
 * @module
 */

/** Firefox draws nothing taller than about 17 million pixels, Chromium than 33 million. */
export const tallest = 12_000_000;
/** A movement by more views than this is a jump. */
const jumpViews = 8;
/** Where the list goes on, there is so much to scroll, too. */
const roomKept = 1_000_000;

export class Stretch {
  /** Pixels of the whole list. */
  total = 0;
  /** Pixels of what is scrolled through. */
  height = 0;
  /** Pixels of the view. */
  view = 0;
  /** What the position in the list is ahead of that in the scrolled element. */
  offset = 0;
  /** @private */
  last = 0;

  /** @param {number} total @param {number} view */
  fit(total, view) {
    this.total = total;
    this.view = view;
    this.height = Math.min(total, tallest);
    if (this.height === total) this.offset = 0;
  }

  /**
   * Follows a movement.
   * @param {number} top where the scrolled element stands
   * @returns {number} where it has to stand instead: further from an end that is none in the list
   */
  move(top) {
    const [room, hidden] = [this.height - this.view, this.total - this.height];
    const isJump = Math.abs(top - this.last) > jumpViews * this.view;
    this.last = top;
    if (hidden <= 0 || room <= 0) return top;
    if (isJump) this.offset = Math.round((top / room) * hidden);
    const position = Math.min(Math.max(0, top + this.offset), this.total - this.view);
    const rest = this.total - this.view - position;
    const near = jumpViews * this.view;
    if (top >= Math.min(position, near) && room - top >= Math.min(rest, near)) return top;
    const share = Math.round((position / (this.total - this.view)) * room);
    this.last = Math.min(Math.max(share, Math.min(position, roomKept)), room - Math.min(rest, roomKept));
    this.offset = position - this.last;
    return this.last;
  }
}
