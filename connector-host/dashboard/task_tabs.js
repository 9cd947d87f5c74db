// What else there is of a task: its objects, events and configuration.
import {html, useMemo, useState} from './vendor/preact.js';
import {useParameters} from './address.js';
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

const orders = ['newest', 'oldest'];

export function Objects({name}) {
  const [{order: asked, after}, change] = useParameters({order: 'newest', after: ''});
  const order = orders.includes(asked) ? asked : 'newest';
  const [before, setBefore] = useState([]); // the pages that led here; unknown if the address did
  const path = taskPath(name, '/objects?' + new URLSearchParams({limit: 100, order, ...(after && {after})}));
  const {data, error, again} = useAnswer(path);
  const turn = (order) => (setBefore([]), change({order, after: ''}));
  const back = () => (setBefore(before.slice(0, -1)), change({after: before.at(-1) ?? ''}));
  const on = () => (setBefore([...before, after]), change({after: data.next}));
  return html`<div class="bar"><div class="choice" role="group" aria-label=${t('order')}>${orders.map(
      (one) => html`<button type="button" key=${one} class="button" aria-pressed=${String(one === order)} onClick=${() => turn(one)}>${t('order.' + one)}</button>`,
    )}</div>
      <button type="button" class="button" onClick=${again}>${t('again')}</button>
      ${data && html`<span class="count" role="status">${t('objects.shown', {n: number(data.objects.length)})}</span>`}
      <nav class="pager" aria-label=${t('pages')}><button type="button" class="button" disabled=${!after} onClick=${back}>${t('page.before')}</button>
      <button type="button" class="button" disabled=${!data?.next} onClick=${on}>${t('page.after')}</button></nav></div>
    ${data ? html`<${Problem} error=${error} />` : html`<${Loading} error=${error} />`}
    ${data?.objects.length === 0 && html`<p class="empty">${t(after ? 'objects.none.more' : 'objects.none')}</p>`}
    ${data?.objects.length > 0 && html`<div class="scroll" tabindex="0" role="region" aria-label=${t('tab.objects')}><table class="cards objects"><thead><tr><th scope="col">${t('key')}</th><th scope="col">${t('partition')}</th>
      <th scope="col" class="number">${t('offsets')}</th><th scope="col" class="number">${t('records.head')}</th><th scope="col" class="number">${t('size')}</th><th scope="col">${t('stored')}</th></tr></thead>
      <tbody>${data.objects.map((one) => html`<${ObjectRow} key=${one.key} one=${one} />`)}</tbody></table></div>`}
    <${Curl} line=${curl('GET', path)} />`;
}

// What has happened again and again is one event, at its last time.
const Repeated = ({event}) => html`<span class="small">${t('event.repeated', {n: number(event.count)})} <${Time} at=${event.first} /></span>`;

// Its kind, unless the state beside it has the same name.
function what({kind, state}) {
  const text = tOr('event.' + kind, kind);
  return state && text === t('state.' + state) ? '' : text;
}

export function Events({events, error}) {
  if (!events) return html`<${Loading} error=${error} />`;
  if (events.length === 0) return html`<p class="empty">${t('events.none')}</p>`;
  return html`<ol class="events" reversed>${events.map(
    (one) => html`<li key=${one.id} class=${(one.state ?? '').toLowerCase()}>
      <div class="when"><${Time} at=${one.time} /></div>
      <div>${what(one) && html`<strong>${what(one)}</strong> `}${one.state && html`<${State} state=${one.state} />`}
        ${one.reason && html` ${tOr('reason.' + one.reason, one.reason)}`}${one.count > 1 && html` <${Repeated} event=${one} />`}
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
