/**
 * Keeps the shell of the board, so that it opens without a network. Figures are never kept here.
 * @module
 */
const shellName = 'andon.shell.1';
const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

worker.addEventListener('install', () => void worker.skipWaiting());
worker.addEventListener('activate', (event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== worker.location.origin || !isShell(url)) return;
  event.respondWith(shell(event.request, url));
});

/** @param {URL} url */
function isShell(url) {
  return url.pathname === '/' || url.pathname.startsWith('/assets/') || url.pathname === '/manifest.webmanifest';
}

/**
 * The network first: a server that was updated brings a shell that fits it, and unchanged files cost a 304.
 * @param {Request} request
 * @param {URL} url
 */
async function shell(request, url) {
  const shelf = await caches.open(shellName);
  try {
    const response = await fetch(request);
    const isPage = url.pathname !== '/' || (response.headers.get('Content-Type') ?? '').startsWith('text/html');
    // One page for every address, so without the query.
    if (response.ok && isPage) await shelf.put(url.pathname, response.clone());
    return response;
  } catch (error) {
    const kept = await shelf.match(url.pathname);
    if (kept) return kept;
    throw error;
  }
}
