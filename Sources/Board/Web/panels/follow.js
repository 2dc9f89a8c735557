/**
 * Lets a panel about one worker or station move with its events, where the whole list of the site would be too much.
 * @module
 */
import { watch } from '../lib/live.js';

/** Many events within this are one question. */
const gatherMilliseconds = 30;

/**
 * Asks again whenever the stream brings an event that belongs to the panel, or skips some that might.
 * @param {import('../lib/panel.js').Panel} panel
 * @param {(event: any) => boolean} belongs
 * @returns {() => void} ends it
 */
export function follow(panel, belongs) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const end = watch('events', ({ changed, value }) => {
    if (!changed || (!changed.some(belongs) && !value.skipped)) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      panel.askAgain();
    }, gatherMilliseconds);
  });
  return () => {
    end();
    clearTimeout(timer);
  };
}
