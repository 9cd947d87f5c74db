// The address behind '#': which view, and what of it is shown. A view keeps there what Back, a reload or a colleague should find again.
import {useEffect, useState} from './vendor/preact.js';

// '#/tasks/a%2Fb/objects?x=1' -> {parts: ['tasks', 'a/b', 'objects'], query}
function parse(hash) {
  const [path, query = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  try {
    return {parts: path.split('/').filter(Boolean).map(decodeURIComponent), query: new URLSearchParams(query)};
  } catch {
    return {parts: ['?'], query: new URLSearchParams()};
  }
}

const replaced = 'addressreplaced'; // hashchange is not sent for replaceState

export function useAddress() {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = () => setHash(location.hash);
    for (const name of ['hashchange', replaced]) addEventListener(name, changed);
    changed();
    return () => ['hashchange', replaced].forEach((name) => removeEventListener(name, changed));
  }, []);
  return parse(hash);
}

// The view's parameters, all texts, and a function that changes some of them. What is as in `usual` is left out of the address.
// No step of the browser's history: Back leaves the view.
export function useParameters(usual) {
  const {query} = useAddress();
  const values = Object.fromEntries(Object.entries(usual).map(([key, value]) => [key, query.get(key) ?? value]));
  const change = (changes) => {
    const [path, old = ''] = (location.hash || '#/').split(/\?(.*)/s);
    const now = new URLSearchParams(old);
    for (const [key, value] of Object.entries(changes)) {
      if (String(value) === usual[key]) now.delete(key);
      else now.set(key, value);
    }
    history.replaceState(null, '', path + (now.size ? '?' + now : ''));
    dispatchEvent(new Event(replaced));
  };
  return [values, change];
}
