// What the page knows of the host, kept fresh. One loop for all views; who shows something subscribes.
import {useEffect, useReducer, useState} from './vendor/preact.js';
import {get, taskPath, Failure} from './api.js';
import {forgetAllBut, record} from './history.js';

const interval = 2000;

export const live = {
  tasks: null, // null: nothing has come yet
  answered: 0, // when the host last answered
  gone: false, // it does not answer: what is shown is old
  error: null,
};
const listeners = new Set();
const tell = () => listeners.forEach((listener) => listener());

let timer = null;
let running = false;

// Now, instead of at the next turn: after something was changed.
export async function refresh() {
  if (running) return;
  running = true;
  clearTimeout(timer);
  try {
    const {tasks} = await get('v1/tasks');
    live.answered = Date.now();
    for (const task of tasks) record(task, live.answered);
    forgetAllBut(new Set(tasks.map((task) => task.name)));
    Object.assign(live, {tasks, gone: false, error: null});
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    Object.assign(live, {gone: error.status === 0 || error.status === 503, error});
  } finally {
    running = false;
    timer = setTimeout(refresh, document.hidden ? 5 * interval : interval);
    tell();
  }
}
document.addEventListener('visibilitychange', () => document.hidden || refresh());

export function useLive() {
  const [, redraw] = useReducer((count) => count + 1, 0);
  useEffect(() => {
    listeners.add(redraw);
    return () => listeners.delete(redraw);
  }, []);
  return live;
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

export const useStatus = (name) => useAnswer(taskPath(name, '/status'), 1000);

// The present time, for ages and countdowns; redraws once a second.
export function useNow() {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const tick = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(tick);
  }, []);
  return now;
}

export function useConnectors() {
  return useAnswer('v1/connectors');
}
