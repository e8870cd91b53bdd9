// Before the first paint, so that a page never flashes in the wrong theme.
(() => {
  const root = document.documentElement;
  root.classList.add("scripts");
  let theme = null;
  try { theme = localStorage.getItem("theme"); } catch { /* storage is switched off: follow the system */ }
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;
})();
