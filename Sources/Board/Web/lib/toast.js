/**
 * Short messages that go by themselves.
 * @module
 */
import { fill, h } from './dom.js';

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** @param {string} text */
export function say(text) {
  let place = document.getElementById('toast');
  if (!place) {
    place = h('div', { id: 'toast', role: 'status' });
    document.body.append(place);
  }
  fill(place, text);
  place.classList.add('shown');
  clearTimeout(timer);
  timer = setTimeout(() => place?.classList.remove('shown'), 3000);
}
