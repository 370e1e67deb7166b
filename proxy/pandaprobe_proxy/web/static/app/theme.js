// The chosen theme, before anything is painted. A classic script: modules run too late for that.
(() => {
  let theme = null;
  try {
    theme = localStorage.getItem("pandaprobe.theme");
  } catch {
    // Without storage the system's preference holds.
  }
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
})();
