// What the page says, in the reader's language. Texts of the host itself (documentation, messages) are English.
import en from './lang/en.js';
import zh from './lang/zh.js';

const languages = {en, zh};
const key = 'connector-host.language';
const stored = localStorage.getItem(key);

export let language = languages[stored] ? stored : navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';

export function setLanguage(wanted) {
  language = wanted;
  localStorage.setItem(key, wanted);
  document.documentElement.lang = wanted === 'zh' ? 'zh-CN' : 'en';
}

// t('lag.behind', {n: 3}); a text that holds {n} gets the value.
export function t(name, values) {
  const text = languages[language][name] ?? en[name] ?? name;
  return values ? text.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? String(values[key]) : whole)) : text;
}

// The text of a name that may be unknown here, such as a reason that a connector has made up.
export const tOr = (name, otherwise) => (name in languages[language] || name in en ? t(name) : otherwise);
