/** @type {WeakMap<Element, (width: number) => void>} */
const drawers = new WeakMap();

/** One for all: an observer of its own would keep each holder alive that a newer drawing has replaced. */
const observer = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    if (contentRect.width > 0) drawers.get(target)?.(contentRect.width);
    // What left the page has no size any more, which is the last that is heard of it.
    else if (!target.isConnected) observer.unobserve(target);
  }
});

/**
 * A holder that draws again whenever its width changes, so that text in a drawing keeps its size on every screen.
 * @param {(width: number) => Element} draw
 * @param {number} [first] width for a drawing at once, where it is known
 * @returns {HTMLElement}
 */
export function fit(draw, first = 0) {
  const holder = document.createElement('div');
  holder.className = 'fit';
  let drawn = 0;
  /** @param {number} wanted */
  const show = (wanted) => {
    const width = Math.max(240, Math.floor(wanted));
    if (width === drawn) return;
    drawn = width;
    holder.replaceChildren(draw(width));
  };
  drawers.set(holder, show);
  if (first > 0) show(first);
  observer.observe(holder);
  return holder;
}
