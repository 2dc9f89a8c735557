/**
 * The sign-in: one key, kept by the browser as a cookie that no script can read.
 * @module
 */
import { Trouble, signIn } from '../lib/api.js';
import { fill, h } from '../lib/dom.js';
import { t } from '../lib/text.js';

/**
 * @param {string | undefined} message why it is shown
 * @param {(session: import('../lib/api.js').Session) => void} done
 */
export function signInForm(message, done) {
  const input = h('input', {
    id: 'key', name: 'key', type: 'password', required: true, autocomplete: 'current-password', spellcheck: 'false',
    'aria-describedby': 'key-hint sign-in-note',
  });
  const note = h('div', { id: 'sign-in-note', role: 'alert' }, message && h('p', null, message));
  const button = h('button', { type: 'submit', class: 'primary' }, t('signin.go'));

  /** @param {Event} event */
  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    fill(note);
    try {
      done(await signIn(input.value.trim()));
    } catch (error) {
      const trouble = error instanceof Trouble ? error : new Trouble(0, t('error.page'), t('error.page.next'));
      fill(note, h('p', null, trouble.title), h('p', { class: 'next' }, trouble.next));
      button.disabled = false;
      input.focus();
      input.select();
    }
  }

  return h(
    'main', { class: 'sign-in', id: 'content' }, h('img', { src: '/assets/icon.svg', alt: '', width: '56', height: '56' }), h('h1', null, t('app.title')),
    h(
      'form', { onsubmit: (/** @type {Event} */ event) => void submit(event) }, h('label', { for: 'key' }, t('signin.key')), input,
      h('p', { id: 'key-hint', class: 'muted' }, t('signin.key.hint')), note, button,
    ),
  );
}
