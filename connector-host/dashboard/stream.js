// Server-sent events by fetch: unlike EventSource it can send a token, and it tells at once when the host has gone.
import {Failure, headers} from './api.js';

const silence = 20000; // the host says something at least every 15 s

function parse(block) {
  const out = {event: 'message', data: ''};
  for (const line of block.split('\n')) {
    const at = line.indexOf(': ');
    if (at > 0) out[line.slice(0, at)] = line.slice(at + 2);
  }
  return out.data ? {event: out.event, data: JSON.parse(out.data)} : null;
}

// Calls take(event, data) until the answer ends; throws a Failure if there is none, or if it breaks off.
export async function follow(path, take, signal) {
  const quiet = new AbortController();
  let timer = null;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => quiet.abort(), silence);
  };
  heard();
  let status = 0;
  try {
    const response = await fetch('../' + path, {
      credentials: 'omit',
      headers: {...headers(), Accept: 'text/event-stream'},
      signal: AbortSignal.any([signal, quiet.signal]),
    });
    status = response.status;
    if (status === 401) dispatchEvent(new Event('tokenneeded'));
    if (!response.ok) throw new Error((await response.json()).message);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      heard();
      const blocks = (rest + piece.value).split('\n\n');
      rest = blocks.pop();
      for (const message of blocks.map(parse)) if (message) take(message.event, message.data);
    }
  } catch (error) {
    throw new Failure(status === 200 ? 0 : status, String(error.message));
  } finally {
    clearTimeout(timer);
  }
}

// Resolves when the page can be seen, or may be: a page in the background follows nothing: browsers allow few connections a host.
function shown() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((done) => document.addEventListener('visibilitychange', done, {once: true}));
}

// Follows again and again while the signal lets it: at once after an answer that ended, a second after a failure.
// failed(error): there is no stream at the moment.
export async function keepFollowing(path, take, failed, signal) {
  while (!signal.aborted) {
    await shown();
    const hidden = new AbortController();
    const hide = () => document.hidden && hidden.abort();
    document.addEventListener('visibilitychange', hide);
    try {
      await follow(path, take, AbortSignal.any([signal, hidden.signal]));
    } catch (error) {
      if (!signal.aborted && !hidden.signal.aborted) {
        await failed(error);
        await new Promise((done) => setTimeout(done, 1000));
      }
    } finally {
      document.removeEventListener('visibilitychange', hide);
    }
  }
}
