// An instance's topics and which task archives each: one click from "this topic" to "archived".
import {html, useState} from './vendor/preact.js';
import {number} from './format.js';
import {t} from './i18n.js';
import {useAnswer, useLive} from './live.js';
import {Loading, Page, Pager, Problem, State, Switch, taskLink} from './parts.js';

const pageSize = 100;
const filters = {all: () => true, archived: (topic) => topic.tasks.length > 0, open: (topic) => topic.tasks.length === 0};

function Row({topic, instance, tasks}) {
  const target = '#/create?' + new URLSearchParams({topic: topic.name, instance});
  return html`<tr><th scope="row">${topic.name}</th>
    <td class="number" data-label=${t('partitions')}>${number(topic.partitions)}</td>
    <td data-label=${t('archived.by')}>${topic.tasks.length === 0 && html`<span class="none">${t('archived.not')}</span>`}
      ${topic.tasks.map((name) => {
        const task = tasks.get(name);
        return html`<div class="by" key=${name}>${task && html`<${Switch} task=${task} />`}<a href=${taskLink(name)}>${name}</a>${task && html`<${State} state=${task.state} />`}</div>`;
      })}</td>
    <td data-label=${t('granularity')}>${topic.tasks.map((name) => {
      const minutes = tasks.get(name)?.granularity_minutes;
      return html`<div>${minutes ? t('minutes', {n: minutes}) : '–'}</div>`;
    })}</td>
    <td data-label=${t('bucket')}>${topic.tasks.map((name) => html`<div>${tasks.get(name)?.bucket ?? '–'}</div>`)}</td>
    <td class="end"><a class="button" href=${target} aria-label=${t('archive.topic', {topic: topic.name})}>${t('archive')}</a></td></tr>`;
}

function List({instance}) {
  const {data, error} = useAnswer('v1/instances/' + encodeURIComponent(instance) + '/topics', 5000);
  const live = useLive();
  const [text, setText] = useState('');
  const [filter, setFilter] = useState('all');
  const [page, setPage] = useState(0);
  if (!data) return html`<${Loading} error=${error} />`;
  const tasks = new Map((live.tasks ?? []).map((task) => [task.name, task]));
  const wanted = text.trim().toLowerCase();
  const shown = data.topics.filter((topic) => filters[filter](topic) && topic.name.toLowerCase().includes(wanted));
  const pages = Math.max(1, Math.ceil(shown.length / pageSize));
  const at = Math.min(page, pages - 1);
  return html`<${Problem} error=${error} />
    <div class="bar">
      <label class="search"><span class="hidden">${t('filter.topics')}</span>
        <input type="search" placeholder=${t('filter.topics')} value=${text} onInput=${(event) => (setText(event.target.value), setPage(0))} /></label>
      <div class="choice" role="group" aria-label=${t('show')}>${Object.keys(filters).map(
        (key) => html`<button type="button" class="button" aria-pressed=${String(filter === key)} onClick=${() => setFilter(key)}>
          ${t('topics.' + key)} ${number(data.topics.filter(filters[key]).length)}</button>`,
      )}</div>
      <${Pager} page=${at} pages=${pages} setPage=${setPage} />
    </div>
    ${shown.length === 0
      ? html`<p class="empty">${t(data.topics.length ? 'filter.nothing' : 'topics.none')}</p>`
      : html`<div class="scroll" tabindex="0" role="region" aria-label=${t('topics')}><table class="cards topics"><thead><tr>
        <th scope="col">${t('topic')}</th><th scope="col" class="number">${t('partitions')}</th><th scope="col">${t('archived.by')}</th>
        <th scope="col">${t('granularity')}</th><th scope="col">${t('bucket')}</th><td></td></tr></thead>
        <tbody>${shown.slice(at * pageSize, (at + 1) * pageSize).map((topic) => html`<${Row} key=${topic.name} topic=${topic} instance=${instance} tasks=${tasks} />`)}</tbody></table></div>`}`;
}

export function Topics({instance}) {
  const {data, error} = useAnswer('v1/instances', 10000);
  if (!data) return html`<${Page} title=${t('topics')}><${Loading} error=${error} /><//>`;
  const chosen = data.instances.find((one) => one.id === instance) ?? data.instances[0];
  return html`<${Page} title=${t('topics')}>
    ${data.instances.length === 0 && html`<p class="empty">${t('instances.none')}</p>`}
    ${data.instances.length > 1 && html`<nav class="tabs" aria-label=${t('instances')}>${data.instances.map(
      (one) => html`<a href=${'#/topics/' + encodeURIComponent(one.id)} aria-current=${one === chosen ? 'page' : undefined}>${one.id}</a>`,
    )}</nav>`}
    ${chosen && html`<p class="facts"><span><b>${t('instance')}</b> ${chosen.id}</span>${chosen.region && html`<span><b>${t('region')}</b> ${chosen.region}</span>`}
      <span class="host ${chosen.reachable ? 'alive' : 'gone'}"><span aria-hidden="true" class="dot"></span>${t(chosen.reachable ? 'reachable' : 'unreachable')}</span>
      ${chosen.message && html`<span lang="en">${chosen.message}</span>`}</p>
      <${List} key=${chosen.id} instance=${chosen.id} />`}
  <//>`;
}
