// Runs before the page is painted, so that it never flashes in the wrong colours.
(() => {
  const asked = new URLSearchParams(location.search).get('theme');
  let kept = null;
  try {
    kept = localStorage.getItem('andon.theme');
  } catch {
    // Storage is closed to this page: it follows the system.
  }
  const theme = asked ?? kept;
  if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme;
})();
