// Runs before the first paint, so that a chosen theme never flashes. The rest is in src/lib/theme.ts.
(() => {
  let choice = null;
  try {
    choice = localStorage.getItem('airlock:theme');
  } catch {
    // Storage may be blocked; the system's theme it is.
  }
  const dark = choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
