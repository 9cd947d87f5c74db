// Small pieces that all views share. Everything that came from the host is rendered as text.
import {html, useEffect, useState} from './vendor/preact.js';
import {taskAction} from './actions.js';
import {duration, localTime, number, utc} from './format.js';
import {t, tOr} from './i18n.js';
import {useLive, useNow} from './live.js';

export const taskLink = (name, tab = '') => '#/tasks/' + encodeURIComponent(name) + (tab && '/' + tab);

// A button that changes something: out of use while the host does not answer.
export function Action({onClick, children, kind = '', disabled = false, ...rest}) {
  const {gone} = useLive();
  return html`<button type="button" class="button ${kind}" disabled=${disabled || gone} onClick=${onClick} ...${rest}>${children}</button>`;
}

export const State = ({state}) => html`<span class="state ${state.toLowerCase()}">${t('state.' + state)}</span>`;

export function Time({at}) {
  return at ? html`<time dateTime=${at} title=${utc(at)}>${localTime(at)}</time>` : html`<span class="none">–</span>`;
}

// "3 min 5 s", growing; the moment itself on hover.
export function Since({at, ago = false}) {
  const now = useNow();
  if (!at) return html`<span class="none">–</span>`;
  const text = duration(Math.max(0, Math.floor((now - Date.parse(at)) / 1000) * 1000) || 1000);
  return html`<time dateTime=${at} title=${localTime(at) + ' · ' + utc(at)}>${ago ? t('ago', {time: text}) : text}</time>`;
}

export function Countdown({at}) {
  const now = useNow();
  if (!at) return html`<span class="none">–</span>`;
  const left = Date.parse(at) - now;
  const text = left > 500 ? t('in', {time: duration(Math.ceil(left / 1000) * 1000)}) : t('now');
  return html`<time dateTime=${at} title=${localTime(at) + ' · ' + utc(at)}>${text}</time>`;
}

// Enabled or not. Changes at once; `busy` until the host has answered.
export function Switch({task}) {
  const {gone} = useLive();
  const [busy, setBusy] = useState(false);
  const flip = async () => {
    setBusy(true);
    await taskAction(task.name, task.enabled ? 'disable' : 'enable');
    setBusy(false);
  };
  return html`<button type="button" role="switch" class="switch" aria-checked=${String(task.enabled)} disabled=${gone || busy || task.deleting}
    aria-label=${t('switch.label', {name: task.name})} title=${t(task.enabled ? 'disable' : 'enable')} onClick=${flip}></button>`;
}

// Why a task stands still and what to do.
export function Trouble({interruption, trace}) {
  if (!interruption) return html`<div class="trouble"><p><strong>${t('trace')}</strong> <span class="said" lang="en">${trace}</span></p></div>`;
  const {reason, message, remedy, runbook, since, next_try: next, partitions, of_partitions: of} = interruption;
  return html`<div class="trouble">
    <p><strong>${tOr('reason.' + reason, reason)}</strong>${partitions > 0 && html` <span class="stands">${t('partitions.stand', {n: number(partitions), of: number(of)})}</span>`}
      <span class="said" lang="en">${message}</span></p>
    ${remedy && html`<p><strong>${t('remedy')}</strong> <span lang="en">${remedy}</span></p>`}
    <p class="small"><code>${reason}</code> · ${t('for')} <${Since} at=${since} />${next && html` · ${t('next.try')} <${Countdown} at=${next} />`}
      ${runbook?.startsWith('/docs/') && html`${' · '}<a href=${'..' + runbook} target="_blank" rel="noopener">${t('runbook')}</a>`}</p>
  </div>`;
}

// The same of one row: which reason, and its message on hover. What to do is said once, above.
export function Stands({interruption}) {
  return html`<span class="sub stands" title=${interruption.message}>${tOr('reason.' + interruption.reason, interruption.reason)}</span>`;
}

export function Problem({error}) {
  if (!error) return null;
  return html`<div class="trouble" role="alert"><p><strong>${t('failed')}</strong> <span lang="en">${error.status === 0 ? t('host.silent') : error.message}</span></p>
    ${error.problems?.length > 0 && html`<ul>${error.problems.map((one) => html`<li><code>${one.key}</code> <span lang="en">${one.message}</span></li>`)}</ul>`}
  </div>`;
}

export function CopyButton({text}) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      setTimeout(() => setDone(false), 2000);
    } catch {
      setDone(false); // the browser forbids it: the text can be selected
    }
  };
  return html`<button type="button" class="button quiet" onClick=${copy}>${t(done ? 'copied' : 'copy')}</button>`;
}

// The same request for a terminal.
export function Curl({line}) {
  return html`<details class="curl"><summary>${t('curl')}</summary>
    <div class="line"><pre tabindex="0"><code>${line}</code></pre><${CopyButton} text=${line} /></div></details>`;
}

export function Loading({error}) {
  return error ? html`<${Problem} error=${error} />` : html`<p class="empty">${t('loading')}</p>`;
}

export function Page({title, aside, children}) {
  useEffect(() => {
    document.title = title + ' · connector-host';
  }, [title]);
  return html`<div class="head"><h1 tabindex="-1">${title}</h1>${aside && html`<div class="aside">${aside}</div>`}</div>${children}`;
}

// Where a task should be, and none of this name is.
export function NoTask({name}) {
  return html`<${Page} title=${t('task.none', {name})}><p>${t('task.none.why')}</p><p><a href=${'#/?' + new URLSearchParams({q: name})}>${t('task.none.search')}</a> · <a href="#/">${t('task.none.all')}</a></p><//>`;
}

// Heading cell that sorts. order: {key, down}; `worst`: the largest first
export function SortHead({name, label, order, setOrder, numeric, worst}) {
  const active = order.key === name;
  const flip = () => setOrder({key: name, down: active ? !order.down : Boolean(worst)});
  return html`<th scope="col" class=${numeric ? 'number' : ''} aria-sort=${active ? (order.down ? 'descending' : 'ascending') : 'none'}>
    <button type="button" class="sort" onClick=${flip}>${label}<span aria-hidden="true">${active ? (order.down ? ' ↓' : ' ↑') : ''}</span></button></th>`;
}

// What the address says ('1' is the first) as an index.
export const pageOf = (text, pages) => Math.min(Math.max(1, Number.parseInt(text, 10) || 1), pages) - 1;

export function Pager({page, pages, setPage}) {
  if (pages < 2) return null;
  return html`<nav class="pager" aria-label=${t('pages')}>
    <button type="button" class="button" disabled=${page === 0} onClick=${() => setPage(page - 1)}>${t('page.before')}</button>
    <span>${t('page.of', {page: page + 1, pages})}</span>
    <button type="button" class="button" disabled=${page >= pages - 1} onClick=${() => setPage(page + 1)}>${t('page.after')}</button>
  </nav>`;
}
