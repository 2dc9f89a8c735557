/**
 * Menus close as one expects: with Escape, and when something else is used.
 * @module
 */

/** Begins to close menus. */
export function startMenus() {
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    for (const menu of open()) close(menu);
  });
  document.addEventListener('pointerdown', (event) => leave(event.target));
  document.addEventListener('focusin', (event) => leave(event.target));
}

/** @returns {NodeListOf<HTMLDetailsElement>} */
function open() {
  return document.querySelectorAll('details.menu[open]');
}

/** @param {EventTarget | null} target */
function leave(target) {
  for (const menu of open()) if (target instanceof Node && !menu.contains(target)) menu.open = false;
}

/** @param {HTMLDetailsElement} menu */
function close(menu) {
  const hadFocus = menu.contains(document.activeElement);
  menu.open = false;
  if (hadFocus) menu.querySelector('summary')?.focus();
}
