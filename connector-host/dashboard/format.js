// Numbers, sizes and times as people read them. Pure functions.
import {language, t} from './i18n.js';

const formats = new Map();
function format(kind, options) {
  const key = language + kind + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl[kind](language === 'zh' ? 'zh-CN' : navigator.language.startsWith('en') ? navigator.language : 'en', options));
  return formats.get(key);
}

export const number = (value) => (value == null ? '–' : format('NumberFormat', {maximumFractionDigits: 0}).format(value));

export const records = (count) => t(count === 1 ? 'record' : 'records', {n: number(count)});

export function bytes(value) {
  if (value == null) return '–';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    ++unit;
  }
  return format('NumberFormat', {maximumFractionDigits: value < 10 && unit > 0 ? 1 : 0}).format(value) + ' ' + units[unit];
}

export function rate(perSecond) {
  if (perSecond == null) return '–';
  return format('NumberFormat', {maximumFractionDigits: perSecond < 10 ? 1 : 0}).format(perSecond) + '/s';
}

// 1530000 -> "25 min 30 s"; two units at most.
export function duration(ms) {
  if (ms == null) return '–';
  if (ms < 1000) return Math.round(ms) + ' ms';
  const parts = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
  let left = Math.round(ms / 1000);
  const out = [];
  for (const [size, unit] of parts) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) out.push(`${count} ${t('unit.' + unit)}`);
    else if (out.length) break;
    if (out.length === 2) break;
  }
  return out.join(' ');
}

// What rules: an interval, or the granularity.
export const interval = (task) => (task?.rotate_interval_ms ? duration(task.rotate_interval_ms) : '–');

// Names, or a pattern and what it matches.
export function topicsOf(task) {
  const matched = task.topics?.startsWith('/') && task.matched_topics?.count;
  return Number.isInteger(matched) ? `${task.topics} → ${t(matched === 1 ? 'topic.one' : 'topic.many', {n: number(matched)})}` : task.topics;
}

const sameDay = (a, b) => a.toDateString() === b.toDateString();

// In the reader's time zone; the date only if it is not today's.
export function localTime(text, now = new Date()) {
  if (!text) return '–';
  const time = new Date(text);
  const options = {hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false};
  if (!sameDay(time, now)) Object.assign(options, {year: 'numeric', month: '2-digit', day: '2-digit'});
  return format('DateTimeFormat', options).format(time);
}

export const utc = (text) => (text ? new Date(text).toISOString().replace('T', ' ').replace('Z', ' UTC') : '');

// A word in single quotes as a POSIX shell reads it.
export const quoted = (text) => (/^[\w./:=@%+,-]+$/.test(text) ? text : "'" + text.replaceAll("'", "'\\''") + "'");
