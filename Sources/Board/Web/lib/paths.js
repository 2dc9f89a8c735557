/**
 * Which questions the server takes: an older one lacks some, and a page does not ask in vain.
 * @module
 */

/** @type {Promise<string> | null} */
let list = null;

/**
 * Whether the server's own list of paths has one; true where there is no list.
 * @param {string} path
 */
export async function offers(path) {
  list ??= fetch('/docs', { headers: { Accept: 'text/plain' } }).then((response) => (response.ok ? response.text() : ''));
  try {
    const text = await list;
    return text === '' || text.includes(`GET ${path}`);
  } catch {
    list = null;
    return true;
  }
}
