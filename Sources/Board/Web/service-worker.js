// Keeps the shell of the board, so that it opens without a network. Figures are never kept here.
const shellName = 'andon.shell.1';
const isShell = (url) => url.pathname === '/' || url.pathname.startsWith('/assets/') || url.pathname === '/manifest.webmanifest';

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== self.location.origin || !isShell(url)) return;
  // One page for every address.
  const key = url.pathname;
  event.respondWith(
    (async () => {
      const shell = await caches.open(shellName);
      try {
        // The network first: a server that was updated brings a shell that fits it. Unchanged files cost a 304.
        const response = await fetch(event.request);
        const isPage = url.pathname !== '/' || (response.headers.get('Content-Type') ?? '').startsWith('text/html');
        if (response.ok && isPage) await shell.put(key, response.clone());
        return response;
      } catch (error) {
        const kept = await shell.match(key);
        if (kept) return kept;
        throw error;
      }
    })(),
  );
});
