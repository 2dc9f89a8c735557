/**
 * The one tooltip of the page: shows `data-tip` of whatever is pointed at or focused, and goes with Escape (WCAG 1.4.13).
 * @module
 */
import { h } from './dom.js';

const tip = h('div', { id: 'tip', role: 'tooltip', hidden: true });
/** @type {Element | null} */
let owner = null;
/** What was sent away: a panel that is drawn anew under the focus does not bring it back. */
let dismissed = '';

/** Begins to show tooltips. */
export function startTips() {
  document.body.append(tip);
  document.addEventListener('pointerover', (event) => toward(event.target));
  document.addEventListener('focusin', (event) => toward(event.target));
  document.addEventListener('focusout', hide);
  document.addEventListener('keydown', (event) => event.key === 'Escape' && dismiss());
  addEventListener('scroll', follow, { passive: true, capture: true });
}

/** The focus itself scrolls what it reaches into view, so the tooltip of what has the focus goes along. */
function follow() {
  if (owner?.contains(document.activeElement)) place(owner);
  else hide();
}

/** @param {EventTarget | null} target */
function toward(target) {
  if (!(target instanceof Element) || tip.contains(target)) return;
  const found = target.closest('[data-tip]');
  const text = found?.getAttribute('data-tip') ?? '';
  if (found === owner || (found && text === dismissed)) return;
  hide();
  dismissed = '';
  if (!found) return;
  owner = found;
  tip.textContent = text;
  tip.hidden = false;
  found.setAttribute('aria-describedby', 'tip');
  place(found);
}

/** @param {Element} found */
function place(found) {
  const box = found.getBoundingClientRect();
  const own = tip.getBoundingClientRect();
  const left = Math.max(8, Math.min(innerWidth - own.width - 8, box.left + box.width / 2 - own.width / 2));
  const below = box.bottom + 6;
  const top = below + own.height < innerHeight ? below : Math.max(8, box.top - own.height - 6);
  tip.style.left = `${left}px`;
  tip.style.top = `${top}px`;
}

function dismiss() {
  if (owner) dismissed = owner.getAttribute('data-tip') ?? '';
  hide();
}

function hide() {
  owner?.removeAttribute('aria-describedby');
  owner = null;
  tip.hidden = true;
}
