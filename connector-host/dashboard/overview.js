// All tasks in one look: is everything archived, how far behind, why not, what to do.
import {html, useMemo, useState} from './vendor/preact.js';
import {bulk, bulkLine} from './actions.js';
import {Confirm} from './dialog.js';
import {bytes, duration, number, rate} from './format.js';
import {t} from './i18n.js';
import {useLive} from './live.js';
import {Action, Loading, Page, Pager, Since, SortHead, State, Switch, taskLink, Trouble} from './parts.js';

const pageSize = 50;
const severity = ['RUNNING', 'DISABLED', 'PAUSED', 'STARTING', 'STOPPING', 'INTERRUPTED', 'FAILED'];

// The tiles above the list; each also filters it.
const groups = {
  all: () => true,
  running: (task) => task.state === 'RUNNING',
  trouble: (task) => task.state === 'INTERRUPTED' || task.state === 'FAILED',
  changing: (task) => task.state === 'STARTING' || task.state === 'STOPPING',
  off: (task) => task.state === 'DISABLED' || task.state === 'PAUSED',
};

const columns = [
  ['name', 'task', (task) => task.name],
  ['state', 'state', (task) => severity.indexOf(task.state), true],
  ['lag', 'lag', (task) => task.lag, true],
  ['delay', 'delay', (task) => task.delay_ms, true],
  ['rate', 'rate', (task) => task.records_per_second, true],
  ['bucket', 'bucket', (task) => task.bucket ?? ''],
  ['granularity', 'granularity', (task) => task.granularity_minutes ?? 0, true],
  ['last', 'last.object', (task) => task.last_object?.stored_at ?? '', true],
];

const collator = new Intl.Collator();

function arrange(tasks, text, group, order) {
  const wanted = text.trim().toLowerCase();
  const has = (value) => value != null && value.toLowerCase().includes(wanted);
  const shown = tasks.filter(
    (task) => groups[group](task) && (!wanted || has(task.name) || has(task.topics) || has(task.bucket) || has(task.state) || has(task.interruption?.reason)),
  );
  const value = columns.find(([key]) => key === order.key)[2];
  const sign = order.down ? -1 : 1;
  return shown.sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    return (typeof x === 'string' ? collator.compare(x, y) : x - y) * sign || collator.compare(a.name, b.name);
  });
}

function Tiles({tasks, group, setGroup}) {
  const sum = (pick) => tasks.reduce((total, task) => total + (pick(task) ?? 0), 0);
  const delay = tasks.reduce((most, task) => Math.max(most, task.delay_ms), 0);
  return html`<div class="tiles">
    ${Object.keys(groups).map((key) => {
      const count = tasks.filter(groups[key]).length;
      return html`<button type="button" key=${key} class="tile is-${key} ${count ? '' : 'zero'}" aria-pressed=${String(group === key)} onClick=${() => setGroup(key)}>
        <span class="value">${number(count)}</span><span class="label">${t('group.' + key)}</span></button>`;
    })}
    <dl class="totals">
      <div><dt>${t('total.lag')}</dt><dd>${number(sum((task) => task.lag))}</dd></div>
      <div><dt>${t('total.delay')}</dt><dd>${delay ? duration(delay) : '–'}</dd></div>
      <div><dt>${t('total.rate')}</dt><dd>${rate(sum((task) => task.records_per_second))}</dd></div>
      <div><dt>${t('total.memory')}</dt><dd>${bytes(sum((task) => task.memory_bytes))}</dd></div>
    </dl>
  </div>`;
}

function Row({task, chosen, choose}) {
  return html`<tr class=${chosen ? 'chosen' : ''}>
      <td class="tools"><input type="checkbox" checked=${chosen} aria-label=${t('choose', {name: task.name})} onChange=${() => choose(task.name)} />
        <${Switch} task=${task} /></td>
      <th scope="row"><a href=${taskLink(task.name)}>${task.name}</a><span class="sub">${task.topics}</span></th>
      <td><${State} state=${task.state} /><span class="sub"><${Since} at=${task.since} /></span></td>
      <td class="number" data-label=${t('lag')}>${number(task.lag)}</td>
      <td class="number" data-label=${t('delay')}>${task.delay_ms ? duration(task.delay_ms) : '–'}</td>
      <td class="number" data-label=${t('rate')}>${rate(task.records_per_second)}</td>
      <td class="bucket" data-label=${t('bucket')}>${task.bucket ?? '–'}</td>
      <td class="number" data-label=${t('granularity')}>${task.granularity_minutes ? t('minutes', {n: task.granularity_minutes}) : '–'}</td>
      <td class="number" data-label=${t('last.object')}><${Since} at=${task.last_object?.stored_at} ago /></td>
    </tr>
    ${(task.interruption || task.trace) && html`<tr class="more"><td colspan="9"><${Trouble} interruption=${task.interruption} trace=${task.trace} /></td></tr>`}`;
}

function Bulk({chosen, clear}) {
  const [asked, setAsked] = useState(null);
  const names = [...chosen].sort();
  return html`<div class="bulk" role="region" aria-label=${t('bulk')}>
    <span>${t('chosen', {n: names.length})}</span>
    <${Action} onClick=${() => setAsked('enable')}>${t('enable')}<//>
    <${Action} onClick=${() => setAsked('disable')}>${t('disable')}<//>
    <button type="button" class="button quiet" onClick=${clear}>${t('choose.none')}</button>
    ${asked && html`<${Confirm} title=${t('bulk.' + asked, {n: names.length})} yes=${t(asked)} line=${bulkLine(names, asked)}
      onClose=${() => setAsked(null)} onYes=${() => bulk(names, asked).then(clear)}>
      <p>${t('bulk.' + asked + '.means')}</p>
      <ul class="names">${names.map((name) => html`<li>${name}</li>`)}</ul><//>`}
  </div>`;
}

export function Overview() {
  const {tasks, error} = useLive();
  const [text, setText] = useState('');
  const [group, setGroup] = useState('all');
  const [order, setOrder] = useState({key: 'name', down: false});
  const [page, setPage] = useState(0);
  const [chosen, setChosen] = useState(new Set());
  const shown = useMemo(() => arrange(tasks ?? [], text, group, order), [tasks, text, group, order]);
  if (!tasks) return html`<${Page} title=${t('overview')}><${Loading} error=${error} /><//>`;

  const pages = Math.max(1, Math.ceil(shown.length / pageSize));
  const at = Math.min(page, pages - 1);
  const visible = shown.slice(at * pageSize, (at + 1) * pageSize);
  const known = new Set(tasks.map((task) => task.name));
  const picked = new Set([...chosen].filter((name) => known.has(name)));
  const choose = (name) => {
    if (!picked.delete(name)) picked.add(name);
    setChosen(new Set(picked));
  };
  const all = shown.length > 0 && shown.every((task) => picked.has(task.name));
  const chooseAll = () => setChosen(all ? new Set() : new Set(shown.map((task) => task.name)));
  const aside = html`<a class="button primary" href="#/create">${t('create')}</a>`;
  return html`<${Page} title=${t('overview')} aside=${aside}>
    <${Tiles} tasks=${tasks} group=${group} setGroup=${setGroup} />
    <div class="bar">
      <label class="search"><span class="hidden">${t('filter')}</span>
        <input type="search" placeholder=${t('filter')} value=${text} onInput=${(event) => (setText(event.target.value), setPage(0))} /></label>
      <span class="count" role="status">${t('shown', {n: number(shown.length), all: number(tasks.length)})}</span>
      <${Pager} page=${at} pages=${pages} setPage=${setPage} />
    </div>
    ${picked.size > 0 && html`<${Bulk} chosen=${picked} clear=${() => setChosen(new Set())} />`}
    ${tasks.length === 0
      ? html`<div class="empty"><p>${t('overview.empty')}</p><p><a href="#/topics">${t('overview.empty.topics')}</a></p></div>`
      : html`<div class="scroll" tabindex="0" role="region" aria-label=${t('tasks')}><table class="cards tasks">
        <thead><tr><td class="tools"><input type="checkbox" aria-label=${t('choose.all')} checked=${all} onChange=${chooseAll} /></td>
          ${columns.map(([key, label, , numeric]) => html`<${SortHead} key=${key} name=${key} label=${t(label)} numeric=${numeric && key !== 'state'} worst=${numeric} order=${order} setOrder=${setOrder} />`)}</tr></thead>
        <tbody>${visible.map((task) => html`<${Row} key=${task.name} task=${task} chosen=${picked.has(task.name)} choose=${choose} />`)}</tbody>
      </table></div>`}
    ${shown.length === 0 && tasks.length > 0 && html`<p class="empty">${t('filter.nothing')}</p>`}
  <//>`;
}
