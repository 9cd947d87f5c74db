// What changes something: does it, says how it went, and shows the same request as a curl line.
import {curl, request, taskPath} from './api.js';
import {t} from './i18n.js';
import {refresh} from './live.js';

const limit = 4;
let number = 0;
export const notices = [];
const listeners = new Set();
export const onNotices = (listener) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};
const tell = () => listeners.forEach((listener) => listener());

export function dismiss(id) {
  notices.splice(notices.findIndex((notice) => notice.id === id), 1);
  tell();
}

export function notice(kind, text, line) {
  const id = ++number;
  notices.push({id, kind, text, line});
  if (notices.length > limit) notices.shift();
  if (kind === 'done') setTimeout(() => notices.some((one) => one.id === id) && dismiss(id), 8000);
  tell();
}

// True if it was done. `said`: what to say then.
export async function act(said, method, path, body, secrets) {
  const line = curl(method, path, body, secrets);
  try {
    await request(method, path, body, {slow: method === 'DELETE'});
    notice('done', said, line);
    return true;
  } catch (error) {
    const problems = (error.problems ?? []).map((problem) => `${problem.key}: ${problem.message}`);
    notice('failed', [error.status ? error.message : t('host.silent'), ...problems].join(' · '), line);
    return false;
  } finally {
    refresh();
  }
}

export const taskAction = (name, action) => act(t('did.' + action, {name}), 'POST', taskPath(name, '/' + action));
export const removeTask = (name, discard) => act(t('did.delete', {name}), 'DELETE', taskPath(name, discard ? '?discard=true' : ''));

// Many tasks, a few at a time, one notice.
export async function bulk(names, action) {
  const waiting = [...names];
  const failed = [];
  const worker = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      try {
        await request('POST', taskPath(name, '/' + action));
      } catch (error) {
        failed.push(`${name}: ${error.message}`);
      }
    }
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
  const text = t('did.bulk.' + action, {n: names.length - failed.length});
  if (failed.length) notice('failed', [text, ...failed.slice(0, 5)].join(' · '));
  else notice('done', text);
  refresh();
}

export const bulkLine = (names, action) => names.slice(0, 20).map((name) => curl('POST', taskPath(name, '/' + action))).join('\n') + (names.length > 20 ? '\n…' : '');
