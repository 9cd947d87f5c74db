// One task: what it does now and what can be done with it. The tabs are in task_tabs.js.
import {html, useState} from './vendor/preact.js';
import {removeTask, taskAction} from './actions.js';
import {curl, taskPath} from './api.js';
import {Charts} from './charts.js';
import {Confirm} from './dialog.js';
import {bytes, duration, number, rate, records} from './format.js';
import {t} from './i18n.js';
import {useLive, useTask} from './live.js';
import {Action, Countdown, Loading, NoTask, Page, Problem, Since, Stands, State, Switch, taskLink, Time, Trouble} from './parts.js';
import {Config, Events, Objects} from './task_tabs.js';
import {Verify} from './verify.js';

const tabs = ['status', 'objects', 'events', 'config', 'verify'];

function Actions({task}) {
  const [asked, setAsked] = useState(false);
  const [discard, setDiscard] = useState(false);
  const remove = async () => {
    if (await removeTask(task.name, discard)) location.hash = '#/';
  };
  const paused = task.state === 'PAUSED';
  return html`<div class="actions">
    <span class="onoff"><${Switch} task=${task} /> ${t(task.enabled ? 'enabled' : 'disabled')}</span>
    ${task.enabled && html`<${Action} onClick=${() => taskAction(task.name, paused ? 'resume' : 'pause')}>${t(paused ? 'resume' : 'pause')}<//>
      <${Action} onClick=${() => taskAction(task.name, 'restart')}>${t('restart')}<//>`}
    <a class="button" href=${taskLink(task.name, 'edit')}>${t('edit')}</a>
    <${Action} kind="danger" onClick=${() => setAsked(true)}>${t('delete')}<//>
    ${asked && html`<${Confirm} title=${t('delete.title', {name: task.name})} danger yes=${t('delete')} onClose=${() => setAsked(false)} onYes=${remove}
      line=${curl('DELETE', taskPath(task.name, discard ? '?discard=true' : ''))}>
      <p>${t('delete.means')}</p>
      <label class="check"><input type="checkbox" checked=${discard} onChange=${(event) => setDiscard(event.target.checked)} /> ${t('delete.discard')}</label><//>`}
  </div>`;
}

function Facts({status}) {
  const facts = [
    ['lag', number(status.lag)],
    ['delay', duration(status.delay_ms)],
    ['rate', rate(status.records_per_second)],
    ['memory', bytes(status.memory_bytes)],
    ['partitions', number(status.partitions.length)],
    ['group', status.group_id],
  ];
  return html`<dl class="totals wide">${facts.map(([key, value]) => html`<div><dt>${t(key)}</dt><dd class=${key}>${value}</dd></div>`)}</dl>`;
}

function PartitionRow({one}) {
  const {open, last_object: last} = one;
  return html`<tr><th scope="row">${one.topic} / ${one.partition}${one.interruption && html`<${Stands} interruption=${one.interruption} />`}</th>
      <td class="number" data-label=${t('committed')}>${number(one.committed_offset)}</td>
      <td class="number" data-label=${t('position')}>${number(one.position)}</td>
      <td class="number" data-label=${t('end')}>${number(one.end_offset)}</td>
      <td class="number" data-label=${t('lag')}>${number(one.lag)}</td>
      <td data-label=${t('open')}>${open ? html`${records(open.records)}, ${bytes(open.bytes)}<span class="sub">${t('stored.due')} <${Countdown} at=${open.due_at} /></span>` : html`<span class="none">–</span>`}</td>
      <td data-label=${t('last.object')}>${last ? html`<span class="key" title=${last.key}>${last.key}</span><span class="sub">${records(last.records)}, ${bytes(last.bytes)}, <${Since} at=${last.stored_at} ago /></span>` : html`<span class="none">–</span>`}</td></tr>`;
}

function Partitions({partitions}) {
  if (partitions.length === 0) return html`<p class="empty">${t('partitions.none')}</p>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${t('partitions')}><table class="cards"><thead><tr><th scope="col">${t('partition')}</th>
    ${['committed', 'position', 'end', 'lag'].map((key) => html`<th scope="col" class="number">${t(key)}</th>`)}
    <th scope="col">${t('open')}</th><th scope="col">${t('last.object')}</th></tr></thead>
    <tbody>${partitions.map((one) => html`<${PartitionRow} key=${one.topic + '/' + one.partition} one=${one} />`)}</tbody></table></div>`;
}

function Runners({runners}) {
  const failed = runners.filter((runner) => runner.trace);
  return html`<table class="cards runners"><caption class="hidden">${t('runners')}</caption><thead><tr><th scope="col">${t('runner')}</th><th scope="col">${t('host')}</th><th scope="col">${t('state')}</th><th scope="col">${t('since')}</th></tr></thead>
    <tbody>${runners.map((one) => html`<tr key=${one.host + one.id}><th scope="row">${one.id}</th><td data-label=${t('host')}>${one.host}</td>
      <td data-label=${t('state')}><${State} state=${one.state} /></td><td data-label=${t('since')}><${Time} at=${one.since} /></td></tr>`)}</tbody></table>
    ${failed.map((one) => html`<pre class="trace" tabindex="0" lang="en">${one.trace}</pre>`)}`;
}

// One banner a cause, however many partitions it stops.
function Troubles({status}) {
  const causes = new Map();
  for (const {interruption} of status.partitions) {
    if (interruption) causes.set(interruption.reason, [...(causes.get(interruption.reason) ?? []), interruption]);
  }
  const of = status.partitions.length;
  const first = (all) => all.reduce((a, b) => (b.since < a.since ? b : a));
  return html`${status.interruption && !causes.has(status.interruption.reason) && html`<${Trouble} interruption=${status.interruption} />`}
    ${[...causes].map(([reason, all]) => html`<${Trouble} key=${reason} interruption=${{...first(all), partitions: all.length, of_partitions: of}} />`)}`;
}

function StatusTab({name, status}) {
  return html`<${Troubles} status=${status} />
    ${status.warnings?.length > 0 && html`<div class="trouble"><p><strong>${t('warnings')}</strong></p><ul>${status.warnings.map((one) => html`<li><code>${one.key}</code> <span lang="en">${one.message}</span></li>`)}</ul></div>`}
    <${Facts} status=${status} />
    <${Charts} name=${name} />
    <h2>${t('partitions')}</h2><${Partitions} partitions=${status.partitions} />
    ${status.runners.length > 0 && html`<h2>${t('runners')}</h2><${Runners} runners=${status.runners} />`}`;
}

export function Task({name, tab = 'status'}) {
  const {status, events, error} = useTask(name);
  const {gone} = useLive();
  if (!status && error?.status === 404) return html`<${NoTask} name=${name} />`;
  if (!status) return html`<${Page} title=${name}><${Loading} error=${error} /><//>`;
  const missing = error && error.status === 404;
  const aside = html`<${State} state=${status.state} /> <span class="since">${status.deleting && t('deleting') + ' · '}${t('for')} <${Since} at=${status.since} /></span>`;
  const content = {
    status: () => html`<${StatusTab} name=${name} status=${status} />`,
    objects: () => html`<${Objects} name=${name} />`,
    events: () => html`<${Events} events=${events} error=${error} />`,
    config: () => html`<${Config} name=${name} />`,
    verify: () => html`<${Verify} name=${name} />`,
  };
  return html`<${Page} title=${name} aside=${aside}>
    ${error && !gone && html`<${Problem} error=${error} />`}
    ${!missing && html`<${Actions} task=${status} />`}
    <nav class="tabs" aria-label=${t('task')}>${tabs.map((key) => html`<a key=${key} href=${taskLink(name, key)} aria-current=${key === tab ? 'page' : undefined}>${t('tab.' + key)}</a>`)}</nav>
    ${(content[tab] ?? content.status)()}
  <//>`;
}
