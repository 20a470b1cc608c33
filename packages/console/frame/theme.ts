// Light, dark, or as the system says; the choice is kept in this browser.
import { signal } from '@preact/signals';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'godwit.theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

export const theme = signal<Theme>('system');
/** What is shown in the end: for what is painted rather than styled. */
export const shownTheme = signal<'light' | 'dark'>('light');

const apply = (): void => {
  const { dataset } = document.documentElement;
  if (theme.value === 'system') delete dataset['theme'];
  else dataset['theme'] = theme.value;
  shownTheme.value = theme.value === 'system' ? (dark.matches ? 'dark' : 'light') : theme.value;
};

export const choose = (next: Theme): void => {
  theme.value = next;
  localStorage.setItem(KEY, next);
  apply();
};

export const startTheme = (): void => {
  const kept = localStorage.getItem(KEY);
  theme.value = THEMES.find((known) => known === kept) ?? 'system';
  dark.addEventListener('change', apply);
  apply();
};
