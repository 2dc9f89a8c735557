/**
 * Wall mode: one panel at a time, large, for a screen that nobody touches. Which panels is in the address (`panels=`,
 * numbers from 1); the pointer hides, and the page reloads itself once a night so that a new version arrives.
 * @module
 */
import { go, state } from '../lib/state.js';

const secondsEach = 20;
const reloadHours = 24;

/** @type {ReturnType<typeof setInterval> | undefined} */
let timer;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let reload;

addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && state().wall) go({ wall: false });
});

/** @param {HTMLElement} main */
export function wallCycle(main) {
  clearInterval(timer);
  clearTimeout(reload);
  if (!state().wall) return;
  let turn = 0;
  const step = () => {
    const chosen = (state().more.panels ?? '').split(',').map(Number).filter((one) => one > 0);
    const all = [...main.querySelectorAll('.panel')].filter((one) => one instanceof HTMLElement && !one.hidden);
    // What does not fit is shown part by part.
    const body = main.querySelector('.on-wall .panel-body');
    if (body && body.scrollTop + body.clientHeight < body.scrollHeight - 8) {
      body.scrollTop += body.clientHeight * 0.85;
      return;
    }
    const panels = chosen.length > 0 ? all.filter((_, index) => chosen.includes(index + 1)) : all.filter((one) => !one.classList.contains('not-on-wall'));
    if (panels.length === 0) return;
    for (const one of all) one.classList.remove('on-wall');
    const next = panels[turn % panels.length];
    next.classList.add('on-wall');
    next.querySelector('.panel-body')?.scrollTo(0, 0);
    turn += 1;
  };
  step();
  timer = setInterval(step, secondsEach * 1000);
  reload = setTimeout(() => location.reload(), reloadHours * 3600 * 1000);
}
