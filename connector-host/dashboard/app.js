// The frame around all views: address, navigation, the host's state, notices.
import './theme.js';
import {html, render, useEffect, useReducer, useRef, useState} from './vendor/preact.js';
import {dismiss, notices, onNotices} from './actions.js';
import {useAddress} from './address.js';
import {setToken} from './api.js';
import {duration} from './format.js';
import {CreateTask, EditTask} from './form.js';
import {Host} from './host.js';
import {language, setLanguage, t} from './i18n.js';
import {refresh, start, useLive, useNow} from './live.js';
import {Overview} from './overview.js';
import {Curl, Page} from './parts.js';
import {Task} from './task.js';
import {setTheme, theme} from './theme.js';
import {Topics} from './topics.js';

// What is shown at an address, and which part of the navigation it is.
function view({parts: [first, name, tab], query}) {
  if (first === undefined) return [html`<${Overview} />`, 'overview'];
  if (first === 'topics') return [html`<${Topics} instance=${name} />`, 'topics'];
  if (first === 'create') return [html`<${CreateTask} key=${query.toString()} query=${query} />`, 'overview'];
  if (first === 'tasks' && name && tab === 'edit') return [html`<${EditTask} key=${name} name=${name} />`, 'overview'];
  if (first === 'tasks' && name) return [html`<${Task} key=${name} name=${name} tab=${tab} />`, 'overview'];
  if (first === 'host') return [html`<${Host} />`, 'host'];
  return [html`<${Page} title=${t('no.page')}><p><a href="#/">${t('overview')}</a></p><//>`, ''];
}

function HostState() {
  const {gone, tasks} = useLive();
  const state = gone ? 'gone' : tasks ? 'alive' : 'unknown';
  return html`<span class="host ${state}" role="status"><span aria-hidden="true" class="dot"></span>${t('host.' + state)}</span>`;
}

function Gone() {
  const {gone, answered, error} = useLive();
  const now = useNow();
  if (!gone) return null;
  const age = answered ? t('gone.age', {time: duration(now - answered)}) : t('gone.never');
  return html`<div class="banner" role="alert"><strong>${t(error.status === 503 ? 'gone.starting' : 'gone')}</strong> <span>${age}</span></div>`;
}

function Notices() {
  const [, redraw] = useReducer((count) => count + 1, 0);
  useEffect(() => onNotices(redraw), []);
  return html`<div class="notices" role="status">${notices.map(
    (one) => html`<div key=${one.id} class="notice ${one.kind}">
      <p>${one.text}</p>${one.line && html`<${Curl} line=${one.line} />`}
      <button type="button" class="button quiet close" aria-label=${t('close')} onClick=${() => dismiss(one.id)}>×</button></div>`,
  )}</div>`;
}

// The host asks for its token; kept for as long as this window is open.
function AskToken({onDone}) {
  const ref = useRef(null);
  const [text, setText] = useState('');
  useEffect(() => ref.current.showModal(), []);
  const give = (event) => {
    event.preventDefault();
    setToken(text.trim());
    onDone();
    refresh();
  };
  return html`<dialog ref=${ref} aria-labelledby="token-title" onCancel=${(event) => event.preventDefault()}>
    <form onSubmit=${give}><h2 id="token-title">${t('token')}</h2><p>${t('token.why')}</p>
      <label>${t('token.label')} <input type="password" autocomplete="off" required value=${text} onInput=${(event) => setText(event.target.value)} /></label>
      <div class="buttons"><button class="button primary">${t('token.use')}</button></div></form></dialog>`;
}

function Choices({redraw}) {
  const next = {auto: 'light', light: 'dark', dark: 'auto'};
  return html`<div class="choices">
    <button type="button" class="button quiet" lang=${language === 'zh' ? 'en' : 'zh-CN'}
      onClick=${() => (setLanguage(language === 'zh' ? 'en' : 'zh'), redraw())}>${language === 'zh' ? 'English' : '中文'}</button>
    <button type="button" class="button quiet" aria-label=${t('theme', {name: t('theme.' + theme())})}
      onClick=${() => (setTheme(next[theme()]), redraw())}>${t('theme.' + theme())}</button>
  </div>`;
}

function Link({to, here, children}) {
  return html`<a href=${to} aria-current=${here ? 'page' : undefined}>${children}</a>`;
}

function App() {
  const [, redraw] = useReducer((count) => count + 1, 0);
  const [asking, setAsking] = useState(false);
  const address = useAddress();
  const [content, section] = view(address);
  const where = address.parts.slice(0, 2).join('/');
  const first = useRef(true);
  useEffect(() => {
    const ask = () => setAsking(true);
    addEventListener('tokenneeded', ask);
    return () => removeEventListener('tokenneeded', ask);
  }, []);
  useEffect(() => {
    if (!first.current) document.querySelector('h1')?.focus();
    first.current = false;
    scrollTo(0, 0);
  }, [where]);
  return html`<a class="skip" href="#main" onClick=${(event) => (event.preventDefault(), document.querySelector('h1')?.focus())}>${t('skip')}</a>
    <header><a class="brand" href="#/"><img src="icon.svg" alt="" width="24" height="24" />connector-host</a>
      <nav aria-label=${t('navigation')}><${Link} to="#/" here=${section === 'overview'}>${t('overview')}<//>
        <${Link} to="#/topics" here=${section === 'topics'}>${t('topics')}<//><${Link} to="#/host" here=${section === 'host'}>${t('host')}<//></nav>
      <${HostState} /><${Choices} redraw=${redraw} /></header>
    <${Gone} />
    <main id="main" key=${language}>${content}</main>
    <${Notices} />
    ${asking && html`<${AskToken} onDone=${() => setAsking(false)} />`}`;
}

render(html`<${App} />`, document.getElementById('app'));
start();
