// All tasks in one look: is everything archived, how far behind, why not, what to do.
import {html, useMemo, useState} from './vendor/preact.js';
import {bulk, bulkLine} from './actions.js';
import {useParameters} from './address.js';
import {Confirm} from './dialog.js';
import {bytes, duration, interval, number, rate, topicsOf} from './format.js';
import {t} from './i18n.js';
import {useLive} from './live.js';
import {Action, Loading, Page, pageOf, Pager, Since, SortHead, State, Switch, taskLink, Trouble} from './parts.js';

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
  ['lag', 'lag', (task) => task.lag ?? -1, true],
  ['delay', 'delay', (task) => task.delay_ms ?? -1, true],
  ['rate', 'rate', (task) => task.records_per_second ?? -1, true],
  ['bucket', 'bucket', (task) => task.bucket ?? ''],
  ['granularity', 'granularity', (task) => task.rotate_interval_ms ?? -1, true],
  ['last', 'last.object', (task) => task.last_object?.stored_at ?? '', true],
];

const collator = new Intl.Collator();

function arrange(tasks, text, group, order) {
  const wanted = text.trim().toLowerCase();
  const has = (value) => value != null && value.toLowerCase().includes(wanted);
  const shown = tasks.filter(
    (task) => groups[group](task) && (!wanted || has(task.name) || has(topicsOf(task)) || has(task.bucket) || has(task.state) || has(task.interruption?.reason)),
  );
  const value = columns.find(([key]) => key === order.key)[2];
  const sign = order.down ? -1 : 1;
  return shown.sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    return (typeof x === 'string' ? collator.compare(x, y) : x - y) * sign || collator.compare(a.name, b.name);
  });
}

// Of all tasks together. What is not known of some is left out, and the rest is said to be the least.
function atLeast(values, join, format) {
  const known = values.filter((value) => value != null);
  if (values.length > 0 && known.length === 0) return '–';
  const all = format(known.reduce((a, b) => join(a, b), 0));
  return known.length < values.length ? '≥ ' + all : all;
}

function Tiles({tasks, group, setGroup}) {
  const add = (a, b) => a + b;
  return html`<div class="tiles">
    ${Object.keys(groups).map((key) => {
      const count = tasks.filter(groups[key]).length;
      return html`<button type="button" key=${key} class="tile is-${key} ${count ? '' : 'zero'}" aria-pressed=${String(group === key)} onClick=${() => setGroup(key)}>
        <span class="value">${number(count)}</span><span class="label">${t('group.' + key)}</span></button>`;
    })}
    <dl class="totals">
      <div><dt>${t('total.lag')}</dt><dd>${atLeast(tasks.map((task) => task.lag), add, number)}</dd></div>
      <div><dt>${t('total.delay')}</dt><dd>${atLeast(tasks.map((task) => task.delay_ms), Math.max, duration)}</dd></div>
      <div><dt>${t('total.rate')}</dt><dd>${atLeast(tasks.map((task) => task.records_per_second), add, rate)}</dd></div>
      <div><dt>${t('total.memory')}</dt><dd>${atLeast(tasks.map((task) => task.memory_bytes), add, bytes)}</dd></div>
    </dl>
  </div>`;
}

function Row({task, chosen, choose}) {
  return html`<tr class=${chosen ? 'chosen' : ''}>
      <td class="tools"><input type="checkbox" checked=${chosen} aria-label=${t('choose', {name: task.name})} onChange=${() => choose(task.name)} />
        <${Switch} task=${task} /></td>
      <th scope="row"><a href=${taskLink(task.name)}>${task.name}</a><span class="sub">${topicsOf(task)}</span></th>
      <td><${State} state=${task.state} /><span class="sub">${task.deleting && t('deleting') + ' · '}<${Since} at=${task.since} /></span></td>
      <td class="number" data-label=${t('lag')}>${number(task.lag)}</td>
      <td class="number" data-label=${t('delay')}>${duration(task.delay_ms)}</td>
      <td class="number" data-label=${t('rate')}>${rate(task.records_per_second)}</td>
      <td class="bucket" data-label=${t('bucket')}>${task.bucket ?? '–'}</td>
      <td class="number" data-label=${t('granularity')}>${interval(task)}</td>
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
  const [{q: text, show, sort, page}, change] = useParameters({q: '', show: 'all', sort: 'name', page: '1'});
  const group = show in groups ? show : 'all';
  const key = sort.replace(/^-/, '');
  const order = {key: columns.some(([name]) => name === key) ? key : 'name', down: sort.startsWith('-')};
  const setOrder = ({key, down}) => change({sort: (down ? '-' : '') + key, page: 1});
  const [chosen, setChosen] = useState(new Set());
  const shown = useMemo(() => arrange(tasks ?? [], text, group, order), [tasks, text, group, order.key, order.down]);
  if (!tasks) return html`<${Page} title=${t('overview')}><${Loading} error=${error} /><//>`;

  const pages = Math.max(1, Math.ceil(shown.length / pageSize));
  const at = pageOf(page, pages);
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
    <${Tiles} tasks=${tasks} group=${group} setGroup=${(show) => change({show, page: 1})} />
    <div class="bar">
      <label class="search"><span class="hidden">${t('filter')}</span>
        <input type="search" placeholder=${t('filter')} value=${text} onInput=${(event) => change({q: event.target.value, page: 1})} /></label>
      <span class="count" role="status">${t('shown', {n: number(shown.length), all: number(tasks.length)})}</span>
      <${Pager} page=${at} pages=${pages} setPage=${(page) => change({page: page + 1})} />
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
