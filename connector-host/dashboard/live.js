// What the page knows of the host, kept fresh. One stream for all views; who shows something subscribes.
import {useEffect, useReducer, useState} from './vendor/preact.js';
import {get, taskPath, Failure} from './api.js';
import {forgetAllBut, record} from './history.js';
import {t} from './i18n.js';
import {keepFollowing} from './stream.js';

const sampleEvery = 2000;
const keptEvents = 1000;

export const live = {
  tasks: null, // by name; null: nothing has come yet
  answered: 0, // when the host last answered
  gone: false, // it does not answer: what is shown is old
  error: null,
};
const listeners = new Set();
function tell(changes) {
  Object.assign(live, changes);
  listeners.forEach((listener) => listener());
}

function failed(error) {
  if (error.status !== 401) tell({gone: error.status === 0 || error.status === 503, error});
}

const known = (tasks) => tell({tasks, answered: Date.now(), gone: false, error: null});

// The list as it is now: after something was changed, and where a proxy lets no stream through.
export async function refresh() {
  try {
    known((await get('v1/tasks')).tasks);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    failed(error);
  }
}

const byName = (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

// All tasks at first; later the fields that have changed, and the names of those that are gone.
function take(event, {full, tasks, removed}) {
  if (event !== 'tasks') return;
  const now = new Map(full ? [] : live.tasks?.map((task) => [task.name, task]));
  for (const task of tasks) now.set(task.name, {...now.get(task.name), ...task});
  for (const name of removed ?? []) now.delete(name);
  known([...now.values()].sort(byName));
}

export function start() {
  keepFollowing('v1/events', take, (error) => (error.status === 0 || error.status === 401 ? failed(error) : refresh()), new AbortController().signal);
  setInterval(() => {
    if (live.gone || !live.tasks) return;
    const now = Date.now();
    for (const task of live.tasks) record(task, now);
    forgetAllBut(new Set(live.tasks.map((task) => task.name)));
    tell();
  }, sampleEvery);
}

export function useLive() {
  const [, redraw] = useReducer((count) => count + 1, 0);
  useEffect(() => {
    listeners.add(redraw);
    return () => listeners.delete(redraw);
  }, []);
  return live;
}

// The host keeps of what repeats only the last.
const repeats = (one, old) =>
  one.kind === old.kind && one.state === old.state && one.reason === old.reason && one.host === old.host && (one.reason || one.message === old.message) && one.first === old.first;

// One task: its status and its events, newest first, as they come. {status, events, error}
export function useTask(name) {
  const [state, setState] = useState({status: null, events: null, error: null});
  useEffect(() => {
    const stop = new AbortController();
    const seen = new Map();
    const show = (changes) => stop.signal.aborted || setState((old) => ({...old, error: null, ...changes}));
    const event = (one) => {
      for (const [id, old] of seen) if (one.count > 1 && id < one.id && repeats(one, old)) seen.delete(id);
      seen.set(one.id, one);
      show({events: [...seen.values()].sort((a, b) => b.id - a.id).slice(0, keptEvents)});
    };
    const news = (kind, data) => {
      if (kind === 'status') show({status: data, events: [...seen.values()].sort((a, b) => b.id - a.id).slice(0, keptEvents)});
      if (kind === 'change') event(data);
      if (kind !== 'gone') return;
      show({error: new Failure(404, t('task.gone'))});
      stop.abort();
    };
    // Where no stream gets through, it is asked.
    const ask = async () => {
      try {
        show({status: await get(taskPath(name, '/status'), {signal: stop.signal})});
        (await get(taskPath(name, '/events?order=newest&limit=1000'), {signal: stop.signal})).events.forEach(event);
      } catch (error) {
        if (!stop.signal.aborted) setState((old) => ({...old, error}));
      }
    };
    keepFollowing(taskPath(name, '/events'), news, ask, stop.signal);
    return () => stop.abort();
  }, [name]);
  return state;
}

// The answer of one address, asked again every `every` ms while it is shown (0: once). {data, error, again}
export function useAnswer(path, every = 0) {
  const [state, setState] = useState({path: null, data: null, error: null});
  const [round, again] = useReducer((count) => count + 1, 0);
  useEffect(() => {
    if (!path) return undefined;
    const stop = new AbortController();
    let next = null;
    const ask = async () => {
      try {
        const data = await get(path, {signal: stop.signal});
        if (!stop.signal.aborted) setState({path, data, error: null});
      } catch (error) {
        if (!stop.signal.aborted) setState((old) => ({path, data: old.path === path ? old.data : null, error}));
      }
      if (every && !stop.signal.aborted) next = setTimeout(ask, every);
    };
    ask();
    return () => {
      stop.abort();
      clearTimeout(next);
    };
  }, [path, every, round]);
  return {data: state.path === path ? state.data : null, error: state.path === path ? state.error : null, again};
}

export const useConnectors = () => useAnswer('v1/connectors');

// The present time, for ages and countdowns; redraws once a second, all at the same moment.
const clocks = new Set();
let ticking = null;
export function useNow() {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    clocks.add(setNow);
    ticking ??= setInterval(() => clocks.forEach((clock) => clock(Date.now())), 1000);
    return () => clocks.delete(setNow);
  }, []);
  return now;
}
