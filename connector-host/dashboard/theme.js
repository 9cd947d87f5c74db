// Light or dark: the system's wish, unless the reader has chosen. Runs before the page is painted.
const key = 'connector-host.theme';

export const theme = () => localStorage.getItem(key) || 'auto';

export function setTheme(wanted) {
  localStorage.setItem(key, wanted);
  apply();
}

export const isDark = () => theme() === 'dark' || (theme() === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches);

function apply() {
  document.documentElement.dataset.theme = isDark() ? 'dark' : 'light';
  dispatchEvent(new Event('themechange'));
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', apply);
apply();
