/**
 * A field that finds workers or stations: among those that are there, or in a large site by asking for an id.
 * @module
 */
import { ask } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { asked } from '../lib/panel.js';

/** Who types is not asked about at every letter. */
const pauseMilliseconds = 250;

export class Seeker {
  /** What is typed, in small letters. */
  sought = '';
  /** @type {any[] | null} in a large site what has the id that is typed; null: nothing is typed */
  found = null;

  /**
   * @param {import('../lib/panel.js').Panel} panel draws again when something else is sought
   * @param {string} label
   * @param {string} path of the question
   * @param {string} parameter that takes an id
   * @param {() => boolean} isLarge
   */
  constructor(panel, label, path, parameter, isLarge) {
    /** @private @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.field = h('input', {
      type: 'search', class: 'search', 'aria-label': label, placeholder: label, hidden: true, oninput: () => {
        this.sought = this.field.value.trim().toLowerCase();
        if (!isLarge()) return panel.redraw();
        clearTimeout(this.timer);
        this.timer = setTimeout(() => void this.lookUp(panel, path, parameter), pauseMilliseconds);
      },
    });
  }

  /**
   * Whether something belongs to what is typed.
   * @param {() => string} words of it
   */
  matches(words) {
    return this.sought === '' || words().toLowerCase().includes(this.sought);
  }

  /** @private @param {import('../lib/panel.js').Panel} panel @param {string} path @param {string} parameter */
  async lookUp(panel, path, parameter) {
    const id = this.field.value.trim();
    // Nothing has an id that is not known, and other troubles the panel's own question has, too.
    const found = id === '' ? null : await ask(path, { ...asked(), [parameter]: id }).then(({ value }) => value.items, () => []);
    if (id !== this.field.value.trim()) return;
    this.found = found;
    panel.redraw();
  }
}
