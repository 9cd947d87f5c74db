// Requests to the host. Addresses are relative, so that the page also works below a path that a proxy adds.
import {quoted} from './format.js';

const tokenKey = 'connector-host.token';
let token = sessionStorage.getItem(tokenKey) || '';

export const hasToken = () => token !== '';
export function setToken(given) {
  token = given;
  sessionStorage.setItem(tokenKey, given);
}

// What went wrong: `status` 0 if there was no answer at all; `problems` by key, as the host lists them.
export class Failure extends Error {
  constructor(status, message, problems = []) {
    super(message);
    this.status = status;
    this.problems = problems;
  }
}

const timeLimit = 15000;

export function headers(body) {
  const out = {Accept: 'application/json'};
  if (token) out.Authorization = 'Bearer ' + token;
  if (body !== undefined) out['Content-Type'] = 'application/json';
  return out;
}

// path: 'v1/tasks'. `slow`: an answer that may take minutes.
export async function request(method, path, body, {slow = false, signal} = {}) {
  const limit = AbortSignal.timeout(slow ? 600000 : timeLimit);
  let response;
  let answer;
  try {
    response = await fetch('../' + path, {
      method,
      credentials: 'omit', // else a browser asks for a password of its own when the token is refused
      headers: headers(body),
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal ? AbortSignal.any([limit, signal]) : limit,
    });
    const text = await response.text();
    answer = text ? JSON.parse(text) : null;
  } catch (error) {
    if (response) throw new Failure(response.status, String(error.message));
    throw new Failure(0, String(error.message));
  }
  if (response.status === 401) dispatchEvent(new Event('tokenneeded'));
  if (!response.ok) throw new Failure(response.status, answer?.message ?? response.statusText, answer?.errors ?? []);
  return answer;
}

export const get = (path, options) => request('GET', path, undefined, options);
export const taskPath = (name, rest = '') => 'v1/tasks/' + encodeURIComponent(name) + rest;

// The same request for a terminal. Values of the keys in `secrets` are left to the reader.
export function curl(method, path, body, secrets = []) {
  const address = new URL('../' + path, location.href).href;
  const words = ['curl'];
  if (method !== 'GET') words.push('-X ' + method);
  words.push(quoted(address));
  if (token) words.push('-H "Authorization: Bearer $CONNECTOR_HOST_TOKEN"');
  if (body !== undefined) {
    const shown = JSON.stringify(body, (key, value) => (secrets.includes(key) && value !== null ? `<${key}>` : value));
    words.push("-H 'Content-Type: application/json'", '-d ' + quoted(shown));
  }
  return words.join(' ');
}
