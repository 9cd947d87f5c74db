// What else there is of a task: its objects, events, configuration, and the proof that nothing is missing.
import {html, useEffect, useMemo, useRef, useState} from './vendor/preact.js';
import {curl, request, taskPath} from './api.js';
import {bytes, duration, number} from './format.js';
import {t, tOr} from './i18n.js';
import {useAnswer, useConnectors, useNow} from './live.js';
import {Action, Curl, Loading, Problem, runbook, State, taskLink, Time} from './parts.js';

// Only what a browser fetches: an address of another kind could run as a script.
const download = (url) => (/^https?:\/\//.test(url ?? '') ? url : undefined);

// The name under which a browser keeps it: the key without its folders.
function ObjectRow({one}) {
  const url = download(one.url);
  return html`<tr><th scope="row">${url ? html`<a href=${url} target="_blank" rel="noopener noreferrer">${one.key}</a>` : one.key}</th>
    <td data-label=${t('partition')}>${one.topic} / ${one.partition}</td>
    <td class="number" data-label=${t('offsets')}>${number(one.start_offset)} – ${number(one.end_offset)}</td>
    <td class="number" data-label=${t('records.head')}>${number(one.records)}</td>
    <td class="number" data-label=${t('size')}>${bytes(one.bytes)}</td>
    <td data-label=${t('stored')}><${Time} at=${one.stored_at} /></td></tr>`;
}

export function Objects({name}) {
  const [after, setAfter] = useState(['']);
  const path = taskPath(name, '/objects?' + new URLSearchParams(after.at(-1) ? {limit: 100, after: after.at(-1)} : {limit: 100}));
  const {data, error, again} = useAnswer(path);
  if (!data) return html`<${Loading} error=${error} />`;
  return html`<div class="bar"><span class="count" role="status">${t('objects.shown', {n: number(data.objects.length)})}</span>
      <button type="button" class="button" onClick=${again}>${t('again')}</button>
      <nav class="pager" aria-label=${t('pages')}><button type="button" class="button" disabled=${after.length === 1} onClick=${() => setAfter(after.slice(0, -1))}>${t('page.before')}</button>
      <button type="button" class="button" disabled=${!data.next} onClick=${() => setAfter([...after, data.next])}>${t('page.after')}</button></nav></div>
    <${Problem} error=${error} />
    ${data.objects.length === 0
      ? html`<p class="empty">${t('objects.none')}</p>`
      : html`<div class="scroll" tabindex="0" role="region" aria-label=${t('tab.objects')}><table class="cards objects"><thead><tr><th scope="col">${t('key')}</th><th scope="col">${t('partition')}</th>
      <th scope="col" class="number">${t('offsets')}</th><th scope="col" class="number">${t('records.head')}</th><th scope="col" class="number">${t('size')}</th><th scope="col">${t('stored')}</th></tr></thead>
      <tbody>${data.objects.map((one) => html`<${ObjectRow} key=${one.key} one=${one} />`)}</tbody></table></div>`}
    <${Curl} line=${curl('GET', path)} />`;
}

export function Events({events, error}) {
  if (!events) return html`<${Loading} error=${error} />`;
  if (events.length === 0) return html`<p class="empty">${t('events.none')}</p>`;
  return html`<ol class="events" reversed>${events.map(
    (one) => html`<li key=${one.id} class=${(one.state ?? '').toLowerCase()}>
      <div class="when"><${Time} at=${one.time} /></div>
      <div><strong>${tOr('event.' + one.kind, one.kind)}</strong> ${one.state && html`<${State} state=${one.state} />`}
        ${one.reason && html` <a href=${runbook(one.reason)} target="_blank" rel="noopener">${tOr('reason.' + one.reason, one.reason)}</a>`}
        ${one.message && html`<p lang="en">${one.message}</p>`}${one.remedy && html`<p><strong>${t('remedy')}</strong> <span lang="en">${one.remedy}</span></p>`}
        <p class="small">${one.host}</p></div></li>`,
  )}</ol>`;
}

export function Config({name}) {
  const {data: task, error} = useAnswer(taskPath(name));
  const {data: plugins} = useConnectors();
  const keys = useMemo(() => {
    const connector = plugins?.connectors.find((one) => one.name === (task?.config['connector.class'] ?? 'cos-sink'));
    return new Map((connector?.keys ?? []).map((key) => [key.name, key]));
  }, [plugins, task]);
  const [all, setAll] = useState(false);
  if (!task) return html`<${Loading} error=${error} />`;
  const names = [...new Set([...keys.keys(), ...Object.keys(task.config)])].filter((key) => all || key in task.config);
  return html`<div class="bar"><label class="check"><input type="checkbox" checked=${all} onChange=${(event) => setAll(event.target.checked)} /> ${t('config.all')}</label>
      <a class="button" href=${taskLink(name, 'edit')}>${t('edit')}</a>
      <span class="small">${t('created')} <${Time} at=${task.created_at} /> · ${t('updated')} <${Time} at=${task.updated_at} /></span></div>
    <dl class="config">${names.map((key) => html`<div key=${key} class=${key in task.config ? '' : 'default'}><dt><code>${key}</code></dt>
      <dd><code>${task.config[key] ?? (keys.get(key)?.default || '–')}</code>${!(key in task.config) && html` <span class="small">${t('default')}</span>`}
        ${keys.get(key) && html`<p class="doc" lang="en">${keys.get(key).documentation}</p>`}</dd></div>`)}</dl>
    <${Curl} line=${curl('GET', taskPath(name))} />`;
}

// The report as the host gives it: numbers as facts, lists as tables of their fields.
function Findings({report}) {
  const plain = Object.entries(report).filter(([, value]) => value === null || typeof value !== 'object');
  const lists = Object.entries(report).filter(([, value]) => Array.isArray(value));
  const label = (key) => tOr('verify.' + key, key.replaceAll('_', ' '));
  return html`<dl class="totals wide">${plain.map(([key, value]) => html`<div><dt>${label(key)}</dt><dd>${typeof value === 'number' ? number(value) : String(value ?? '–')}</dd></div>`)}</dl>
    ${lists.map(([key, list]) => html`<h2>${label(key)} <span class="count">${number(list.length)}</span></h2>
      ${list.length > 0 && html`<pre tabindex="0" class="trace">${list.slice(0, 200).map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join('\n')}</pre>`}`)}`;
}

export function Verify({name}) {
  const [run, setRun] = useState(null); // {began, ended, report, error}
  const stop = useRef(null);
  const now = useNow();
  const path = taskPath(name, '/verify');
  useEffect(() => () => stop.current?.abort(), []);
  const start = async () => {
    const began = Date.now();
    stop.current = new AbortController();
    setRun({began});
    try {
      const report = await request('POST', path, undefined, {slow: true, signal: stop.current.signal});
      setRun({began, ended: Date.now(), report});
    } catch (error) {
      setRun(stop.current.signal.aborted ? null : {began, ended: Date.now(), error});
    }
  };
  const busy = run && !run.ended;
  return html`<p>${t('verify.means')}</p>
    <div class="bar"><${Action} kind="primary" disabled=${busy} onClick=${start}>${t('verify')}<//>
      ${busy && html`<progress aria-label=${t('verify.running')}></progress><span role="status">${t('verify.running')} ${duration(Math.max(1000, now - run.began))}</span>
        <button type="button" class="button" onClick=${() => stop.current.abort()}>${t('cancel')}</button>`}</div>
    ${run?.error && html`<${Problem} error=${run.error} />`}
    ${run?.report && html`<div role="status" class=${'verdict ' + (run.report.ok === false ? 'bad' : 'good')}>${t(run.report.ok === false ? 'verify.bad' : 'verify.good', {time: duration(run.ended - run.began)})}</div>
      <${Findings} report=${run.report} />`}
    <${Curl} line=${curl('POST', path)} />`;
}
