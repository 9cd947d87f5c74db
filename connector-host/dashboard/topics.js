// An instance's topics and which task archives each: one click from "this topic" to "archived".
import {html} from './vendor/preact.js';
import {useParameters} from './address.js';
import {interval, number} from './format.js';
import {t} from './i18n.js';
import {useAnswer, useLive} from './live.js';
import {Loading, Page, pageOf, Pager, Problem, State, Switch, taskLink} from './parts.js';

const pageSize = 100;
const filters = {all: () => true, archived: (topic) => topic.tasks.length > 0, open: (topic) => topic.tasks.length === 0};

// A topic's tasks, one line of the table each.
function Row({topic, instance, tasks}) {
  const target = '#/create?' + new URLSearchParams({topic: topic.name, instance});
  const names = topic.tasks.length ? topic.tasks : [null];
  const span = names.length;
  return html`<tbody>${names.map((name, i) => {
    const task = tasks.get(name);
    return html`<tr key=${name}>
      ${i === 0 && html`<th scope="rowgroup" rowspan=${span}>${topic.name}</th><td class="number" rowspan=${span} data-label=${t('partitions')}>${number(topic.partitions)}</td>`}
      <td class="by-task" data-label=${t('archived.by')}>${name === null
        ? html`<span class="none">${t('archived.not')}</span>`
        : html`<div class="by">${task && html`<${Switch} task=${task} />`}<a href=${taskLink(name)}>${name}</a>${task && html`<${State} state=${task.state} />`}</div>`}</td>
      <td data-label=${name ? t('granularity') : ''}>${name && interval(task)}</td>
      <td class="bucket" data-label=${name ? t('bucket') : ''}>${name && (task?.bucket ?? '–')}</td>
      ${i === 0 && html`<td class="end" rowspan=${span}><a class="button" href=${target} aria-label=${t('archive.topic', {topic: topic.name})}>${t('archive')}</a></td>`}</tr>`;
  })}</tbody>`;
}

function List({instance}) {
  const {data, error} = useAnswer('v1/instances/' + encodeURIComponent(instance) + '/topics', 5000);
  const live = useLive();
  const [{q: text, show, page}, change] = useParameters({q: '', show: 'all', page: '1'});
  const filter = show in filters ? show : 'all';
  if (!data) return html`<${Loading} error=${error} />`;
  const tasks = new Map((live.tasks ?? []).map((task) => [task.name, task]));
  const wanted = text.trim().toLowerCase();
  const shown = data.topics.filter((topic) => filters[filter](topic) && topic.name.toLowerCase().includes(wanted));
  const pages = Math.max(1, Math.ceil(shown.length / pageSize));
  const at = pageOf(page, pages);
  return html`<${Problem} error=${error} />
    <div class="bar">
      <label class="search"><span class="hidden">${t('filter.topics')}</span>
        <input type="search" placeholder=${t('filter.topics')} value=${text} onInput=${(event) => change({q: event.target.value, page: 1})} /></label>
      <div class="choice" role="group" aria-label=${t('show')}>${Object.keys(filters).map(
        (key) => html`<button type="button" class="button" aria-pressed=${String(filter === key)} onClick=${() => change({show: key, page: 1})}>
          ${t('topics.' + key)} ${number(data.topics.filter(filters[key]).length)}</button>`,
      )}</div>
      <${Pager} page=${at} pages=${pages} setPage=${(page) => change({page: page + 1})} />
    </div>
    ${shown.length === 0
      ? html`<p class="empty">${t(data.topics.length ? 'filter.nothing' : 'topics.none')}</p>`
      : html`<div class="scroll" tabindex="0" role="region" aria-label=${t('topics')}><table class="cards topics"><thead><tr>
        <th scope="col">${t('topic')}</th><th scope="col" class="number">${t('partitions')}</th><th scope="col">${t('archived.by')}</th>
        <th scope="col">${t('granularity')}</th><th scope="col">${t('bucket')}</th><td></td></tr></thead>
        ${shown.slice(at * pageSize, (at + 1) * pageSize).map((topic) => html`<${Row} key=${topic.name} topic=${topic} instance=${instance} tasks=${tasks} />`)}</table></div>`}`;
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
