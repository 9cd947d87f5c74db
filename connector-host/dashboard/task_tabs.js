// What else there is of a task: its objects, events and configuration.
import {html, useMemo, useState} from './vendor/preact.js';
import {curl, taskPath} from './api.js';
import {bytes, number} from './format.js';
import {t, tOr} from './i18n.js';
import {useAnswer, useConnectors} from './live.js';
import {Curl, Loading, Problem, State, taskLink, Time} from './parts.js';

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
        ${one.reason && html` ${tOr('reason.' + one.reason, one.reason)}`}
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
