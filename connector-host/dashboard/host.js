// The host itself: version, clusters, plugins, memory, log levels.
import {html} from './vendor/preact.js';
import {act} from './actions.js';
import {curl} from './api.js';
import {bytes, number} from './format.js';
import {t} from './i18n.js';
import {useAnswer, useConnectors, useLive} from './live.js';
import {Curl, Loading, Page, Problem} from './parts.js';

function Instances({list}) {
  if (list.length === 0) return html`<p class="empty">${t('instances.none')}</p>`;
  return html`<table class="cards"><thead><tr><th scope="col">${t('instance')}</th><th scope="col">${t('region')}</th><th scope="col">${t('state')}</th></tr></thead>
    <tbody>${list.map((one) => html`<tr key=${one.id}><th scope="row"><a href=${'#/topics/' + encodeURIComponent(one.id)}>${one.id}</a></th>
      <td data-label=${t('region')}>${one.region ?? '–'}</td>
      <td data-label=${t('state')}><span class="host ${one.reachable ? 'alive' : 'gone'}"><span aria-hidden="true" class="dot"></span>${t(one.reachable ? 'reachable' : 'unreachable')}</span>
        ${one.message && html`<span class="sub" lang="en">${one.message}</span>`}</td></tr>`)}</tbody></table>`;
}

function Plugins({data}) {
  return html`<table class="cards"><thead><tr><th scope="col">${t('plugin')}</th><th scope="col">${t('version')}</th><th scope="col">${t('kind')}</th><th scope="col">${t('settings')}</th><th scope="col">${t('file')}</th></tr></thead>
    <tbody>${data.connectors.map((one) => html`<tr key=${one.name}><th scope="row">${one.name}</th><td data-label=${t('version')}>${one.version}</td>
      <td data-label=${t('kind')}>${one.kind}</td><td data-label=${t('settings')}>${number(one.keys.length)}</td><td data-label=${t('file')}><code>${one.file}</code></td></tr>`)}</tbody></table>
    ${data.failures.map((one) => html`<div class="trouble" key=${one.file}><p><strong>${t('plugin.failed')}</strong> <code>${one.file}</code></p><p lang="en">${one.message}</p></div>`)}`;
}

const levels = ['ERROR', 'WARN', 'INFO', 'DEBUG', 'TRACE'];

// What each part of the host logs; until it is started anew. Not here if the host has a listener of its own for that.
function Loggers() {
  const {data, again} = useAnswer('admin/loggers');
  const {gone} = useLive();
  if (!data) return null;
  const set = async (room, level) => {
    await act(t('did.level', {room, level}), 'PUT', 'admin/loggers/' + encodeURIComponent(room), {level});
    again();
  };
  return html`<h2>${t('loggers')}</h2><table class="cards"><thead><tr><th scope="col">${t('logger')}</th><th scope="col">${t('level')}</th></tr></thead>
    <tbody>${Object.entries(data).map(([room, {level}]) => html`<tr key=${room}><th scope="row">${room}</th><td data-label=${t('level')}>
      <select class="level" aria-label=${t('level.of', {room})} disabled=${gone} value=${level} onChange=${(event) => set(room, event.target.value)}>
        ${(levels.includes(level) ? levels : [level, ...levels]).map((one) => html`<option key=${one} value=${one}>${one}</option>`)}</select></td></tr>`)}</tbody></table>`;
}

export function Host() {
  const {data: host, error} = useAnswer('v1', 5000);
  const {data: plugins, error: pluginsError} = useConnectors();
  const {tasks} = useLive();
  if (!host) return html`<${Page} title=${t('host')}><${Loading} error=${error} /><//>`;
  const {used_bytes: used, limit_bytes: limit} = host.memory;
  return html`<${Page} title=${t('host')}>
    <${Problem} error=${error} />
    <dl class="totals wide"><div><dt>${t('version')}</dt><dd>${host.version}</dd></div><div><dt>${t('commit')}</dt><dd class="group">${host.commit || '–'}</dd></div>
      <div><dt>${t('memory.tasks')}</dt><dd>${t('of', {part: bytes(used), all: bytes(limit)})}</dd></div>
      <div><dt>${t('tasks')}</dt><dd>${number(tasks?.length)}</dd></div></dl>
    <meter class="budget" aria-label=${t('memory.tasks')} min="0" max=${limit} high=${limit * 0.9} value=${used}></meter>
    <h2>${t('instances')}</h2><${Instances} list=${host.instances} />
    <h2>${t('plugins')}</h2>${plugins ? html`<${Plugins} data=${plugins} />` : html`<${Loading} error=${pluginsError} />`}
    <${Loggers} />
    <h2>${t('links')}</h2><ul class="plain"><li><a href="../openapi.yaml">openapi.yaml</a> ${t('links.openapi')}</li><li><a href="../metrics">/metrics</a> ${t('links.metrics')}</li>
      <li><a href="../docs/runbook.md">runbook</a> ${t('links.runbook')}</li><li><a href="vendor/LICENSES.txt">${t('links.licences')}</a></li></ul>
    <${Curl} line=${curl('GET', 'v1')} />
  <//>`;
}
