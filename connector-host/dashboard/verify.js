// Two verdicts: what a task has stored is right, without a gap and there once; and all is stored that should be. The host walks for some seconds at a time: a walk goes
// on by sending back what it has answered.
import {html, useEffect, useRef, useState} from './vendor/preact.js';
import {curl, request, taskPath} from './api.js';
import {bytes, duration, number, records} from './format.js';
import {t, tOr} from './i18n.js';
import {useNow} from './live.js';
import {Action, Curl, Problem} from './parts.js';

const kinds = ['gap', 'overlap', 'duplicate', 'wrong', 'unknown', 'foreign', 'orphan_upload'];
const shownRows = 500;

// The report lists some of each kind, and counts all.
function NotListed({list, counts}) {
  const more = kinds.map((kind) => [kind, counts[kind] - list.filter((one) => one.kind === kind).length]).filter(([, count]) => count > 0);
  return more.length > 0 && html`<p class="small">${more.map(([kind, count]) => t('verify.more', {kind: t('verify.' + kind), n: number(count)})).join('; ')}</p>`;
}

function Findings({list, counts}) {
  if (list.length === 0) return null;
  return html`<h2>${t('verify.findings')}</h2><div class="scroll" tabindex="0" role="region" aria-label=${t('verify.findings')}><table class="cards"><thead><tr><th scope="col">${t('kind')}</th><th scope="col">${t('partition')}</th>
    <th scope="col" class="number">${t('offsets')}</th><th scope="col">${t('verify.message')}</th></tr></thead>
    <tbody>${list.slice(0, shownRows).map((one) => html`<tr><th scope="row">${t('verify.' + one.kind)}</th><td data-label=${t('partition')}>${one.topic}${one.partition >= 0 && ' / ' + one.partition}</td>
      <td class="number" data-label=${t('offsets')}>${number(one.start_offset)} – ${number(one.end_offset)}</td>
      <td><span lang="en">${one.message}</span>${one.key && html`<span class="sub">${one.key}</span>`}</td></tr>`)}</tbody></table></div><${NotListed} list=${list} counts=${counts} />`;
}

function Stored({partitions}) {
  const ranges = (one) => one.chains.flatMap((chain) => chain.ranges.map(([from, to]) => `${number(from)} – ${number(to)}`));
  return html`<h2>${t('verify.stored')}</h2><div class="scroll" tabindex="0" role="region" aria-label=${t('verify.stored')}><table class="cards"><thead><tr><th scope="col">${t('partition')}</th>
    <th scope="col" class="number">${t('committed')}</th><th scope="col" class="number">${t('verify.topic')}</th><th scope="col">${t('verify.ranges')}</th></tr></thead>
    <tbody>${partitions.slice(0, shownRows).map((one) => html`<tr><th scope="row">${one.topic} / ${one.partition}</th><td class="number" data-label=${t('committed')}>${number(one.committed_offset)}</td>
      <td class="number" data-label=${t('verify.topic')}>${number(one.low_offset)} – ${number(one.high_offset)}</td>
      <td data-label=${t('verify.ranges')}>${ranges(one).slice(0, 20).map((range) => html`<div>${range}</div>`)}${ranges(one).length > 20 && '…'}</td></tr>`)}</tbody></table></div>`;
}

// Nothing stored is no success, and what waits is none either.
function Verdicts({report, took}) {
  const nothing = report.objects === 0;
  const right = !report.ok ? 'bad' : nothing ? 'nothing' : 'good';
  const all = !report.all_stored ? 'waits' : nothing ? 'nothing' : 'good';
  const count = report.not_stored == null ? t('verify.some') : records(report.not_stored);
  return html`<div role="status">
    <p class=${'verdict ' + right}>${t('verify.' + right, {time: duration(took)})}</p>
    <div class=${'verdict ' + all}>${t('verify.all.' + all, {records: count})}
      ${report.waiting.length > 0 && html`<ul>${report.waiting.slice(0, shownRows).map((one) => html`<li>${tOr('reason.' + one.reason, one.reason)}: <span lang="en">${one.message}</span>
        ${one.records != null && html` (${records(one.records)})`}</li>`)}</ul>`}</div></div>`;
}

function Report({report, took}) {
  return html`${report.complete && html`<${Verdicts} report=${report} took=${took} />`}
    <dl class="totals wide"><div><dt>${t('tab.objects')}</dt><dd>${number(report.objects)}</dd></div><div><dt>${t('records.head')}</dt><dd>${number(report.records)}</dd></div>
      <div><dt>${t('size')}</dt><dd>${bytes(report.bytes)}</dd></div>${kinds.map((kind) => html`<div key=${kind}><dt>${t('verify.' + kind)}</dt><dd>${number(report.counts[kind])}</dd></div>`)}</dl>
    <${Findings} list=${report.findings} counts=${report.counts} />
    ${report.explained.length > 0 && html`<h2>${t('verify.explained')}</h2><ul>${report.explained.map((one) => html`<li>${one.topic}${one.partition >= 0 && ' / ' + one.partition}: <span lang="en">${one.message}</span></li>`)}</ul>`}
    <${Stored} partitions=${report.partitions} />`;
}

export function Verify({name}) {
  const [run, setRun] = useState(null); // {began, ended, report, error}
  const [deep, setDeep] = useState(false);
  const stop = useRef(null);
  const now = useNow();
  const path = taskPath(name, '/verify' + (deep ? '?deep=true' : ''));
  useEffect(() => () => stop.current?.abort(), []);
  const start = async () => {
    const began = Date.now();
    const {signal} = (stop.current = new AbortController());
    let report;
    setRun({began});
    try {
      do {
        report = await request('POST', report ? taskPath(name, '/verify') : path, report, {slow: true, signal});
        setRun({began, report, ended: report.complete ? Date.now() : 0});
      } while (!report.complete);
    } catch (error) {
      setRun(signal.aborted ? null : {began, report, error, ended: Date.now()});
    }
  };
  const busy = run && !run.ended;
  return html`<p>${t('verify.means')}</p>
    <div class="bar"><${Action} kind="primary" disabled=${busy} onClick=${start}>${t('verify')}<//>
      <label class="check"><input type="checkbox" checked=${deep} disabled=${busy} onChange=${(event) => setDeep(event.target.checked)} /> ${t('verify.deep')}</label></div>
    ${busy && html`<div class="bar"><progress aria-label=${t('verify.running')}></progress><span>${t('verify.running')} ${duration(Math.max(1000, now - run.began))}</span>
      <button type="button" class="button" onClick=${() => stop.current.abort()}>${t('cancel')}</button></div>`}
    <${Problem} error=${run?.error} />
    ${run?.report && html`<${Report} report=${run.report} took=${run.ended - run.began} />`}
    <${Curl} line=${curl('POST', path)} />`;
}
