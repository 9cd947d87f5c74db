// Create a task, or change one: a form made from the connector's keys, or its JSON, checked by the host while one types.
import {html, useEffect, useMemo, useRef, useState} from './vendor/preact.js';
import {act} from './actions.js';
import {curl, request, taskPath} from './api.js';
import {Field, grouped} from './fields.js';
import {t, tOr} from './i18n.js';
import {useAnswer, useConnectors, useLive} from './live.js';
import {Action, Curl, Loading, NoTask, Page, Problem, taskLink} from './parts.js';
import {StartPosition} from './start_position.js';

const pause = 300; // after the last key stroke, before the host is asked
const mask = '********';
const usual = 'cos-sink';

// What the host says of it. {errors: Map of key to texts, checked}
function useVerdict(name, config) {
  const [verdict, setVerdict] = useState({errors: new Map(), checked: null});
  const body = JSON.stringify({name, config});
  useEffect(() => {
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const answer = await request('POST', 'v1/validate', JSON.parse(body), {signal: stop.signal});
        if (!stop.signal.aborted) setVerdict({errors: byKey(answer.errors, config), checked: body});
      } catch {
        // Not reachable: the banner says so, and creating will be refused.
      }
    }, pause);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [body]);
  return {...verdict, fresh: verdict.checked === body};
}

// A secret that stays as it is is known to the host alone.
function byKey(problems, config) {
  const out = new Map();
  for (const {key, message} of problems) {
    if (config[key] === mask) continue;
    out.set(key, [...(out.get(key) ?? []), message]);
  }
  return out;
}

function useSuggestions(config, plugins) {
  const {data: instances} = useAnswer('v1/instances');
  const instance = config['instance.id'] || (instances?.instances.length === 1 ? instances.instances[0].id : '');
  const {data: topics} = useAnswer(instance ? 'v1/instances/' + encodeURIComponent(instance) + '/topics' : null);
  return {
    instance,
    'connector.class': {only: plugins.map((one) => one.name)},
    'instance.id': {only: instances?.instances.map((one) => one.id)},
    topics: {some: topics?.topics.map((one) => one.name)},
  };
}

// The value as it was last when it was `sure`: what depends on it does not flicker while the host judges.
function useLatest(value, sure) {
  const last = useRef(null);
  if (sure) last.current = value;
  return last.current;
}

function NameField({name, setName, errors, leave}) {
  return html`<div class="field ${errors.length ? 'wrong' : ''}"><label for="field-task-name">${t('name')} <span class="must">${t('required')}</span></label>
    <input id="field-task-name" name="name" type="text" autocomplete="off" required value=${name} onInput=${(event) => setName(event.target.value)} onBlur=${leave}
      aria-invalid=${errors.length ? 'true' : undefined} aria-describedby=${errors.length ? 'name-error' : undefined} />
    ${errors.length > 0 && html`<p class="error" id="name-error">${errors.join(' · ')}</p>`}</div>`;
}

function Json({name, setName, config, setConfig, fixedName}) {
  const [text, setText] = useState(() => JSON.stringify(fixedName ? {config} : {name, config}, null, 2));
  const [error, setError] = useState('');
  const read = (value) => {
    setText(value);
    try {
      const parsed = JSON.parse(value);
      const given = parsed.config ?? parsed;
      if (typeof given !== 'object' || given === null || Array.isArray(given)) throw new Error(t('json.object'));
      setConfig(Object.fromEntries(Object.entries(given).map(([key, one]) => [key, typeof one === 'string' ? one : JSON.stringify(one)])));
      if (!fixedName && parsed.config && typeof parsed.name === 'string') setName(parsed.name);
      setError('');
    } catch (problem) {
      setError(problem.message);
    }
  };
  return html`<div class="field ${error ? 'wrong' : ''}"><label for="field-json">${t('json.label')}</label>
    <textarea id="field-json" rows="18" spellcheck=${false} value=${text} aria-invalid=${error ? 'true' : undefined} aria-describedby="json-error" onInput=${(event) => read(event.target.value)}></textarea>
    <p class="error" id="json-error" role="status">${error}</p></div>`;
}

// The form proper, shared by both pages.
function Settings({draft, verdict, showAll, plugins, fixedName, original}) {
  const {name, setName, config, setConfig} = draft;
  const [json, setJson] = useState(false);
  const [more, setMore] = useState(false);
  const [touched, setTouched] = useState(new Set());
  const {tasks} = useLive();
  const keys = plugins.find((one) => one.name === (config['connector.class'] || usual))?.keys ?? [];
  const suggestions = useSuggestions(config, plugins);
  const topics = Object.fromEntries(['topics', 'topics.regex'].filter((key) => config[key]).map((key) => [key, config[key]]));
  const sure = verdict.fresh && suggestions.instance && Object.keys(topics).length === 1 && !verdict.errors.has(Object.keys(topics)[0]);
  const source = useLatest(sure ? JSON.stringify({instance: suggestions.instance, topics}) : null, verdict.fresh);
  const errorsOf = (key) => (showAll || touched.has(key) ? verdict.errors.get(key) ?? [] : []);
  const leave = (key) => () => setTouched((old) => new Set(old).add(key));
  const change = (key) => (value) => {
    const next = {...config, [key]: value};
    if (value === '') delete next[key];
    setConfig(next);
  };
  const taken = !fixedName && tasks?.some((task) => task.name === name) ? [t('name.taken')] : [];
  const known = new Set([...keys.map((key) => key.name), 'name']);
  const others = [...verdict.errors].filter(([key]) => !known.has(key));
  const hidden = keys.length - grouped(keys, false, config).reduce((sum, [, list]) => sum + list.length, 0);
  return html`<div class="tabs" role="group" aria-label=${t('form.how')}>
      <button type="button" aria-pressed=${String(!json)} onClick=${() => setJson(false)}>${t('form')}</button>
      <button type="button" aria-pressed=${String(json)} onClick=${() => setJson(true)}>${t('form.json')}</button></div>
    ${json
      ? html`<${Json} ...${draft} fixedName=${fixedName} />${verdict.errors.size > 0 && html`<ul class="wrongs">${[...verdict.errors].map(([key, texts]) => html`<li key=${key}><code>${key}</code> <span lang="en">${texts.join(' · ')}</span></li>`)}</ul>`}`
      : html`${!fixedName && html`<${NameField} name=${name} setName=${setName} errors=${[...taken, ...errorsOf('name')]} leave=${leave('name')} />`}
        ${grouped(keys, more, config).map(([group, list]) => html`<fieldset key=${group}><legend>${tOr('keys.' + group, group)}</legend>
          ${list.map((key) => key.name === 'start.position' ? html`<${StartPosition} key=${key.name} key_=${key} value=${config[key.name]} errors=${errorsOf(key.name)} change=${change(key.name)} leave=${leave(key.name)} source=${source && JSON.parse(source)} />` : html`<${Field} key=${key.name} key_=${key} value=${config[key.name]} errors=${errorsOf(key.name)} change=${change(key.name)} leave=${leave(key.name)}
            suggestions=${suggestions[key.name]} changed=${original && (original[key.name] ?? '') !== (config[key.name] ?? '')} />`)}</fieldset>`)}
        ${others.length > 0 && html`<ul class="wrongs">${others.map(([key, texts]) => html`<li key=${key}><code>${key}</code> <span lang="en">${texts.join(' · ')}</span></li>`)}</ul>`}
        ${(more || hidden > 0) && html`<button type="button" class="button" aria-expanded=${String(more)} onClick=${() => setMore(!more)}>${more ? t('form.less') : t('form.more', {n: hidden})}</button>`}`}`;
}

// Before it is done: does the host reach broker and bucket with these settings?
function Review({title, draft, line, yes, doIt, close, children, preflight}) {
  const ref = useRef(null);
  const [result, setResult] = useState(preflight ? null : {skipped: true});
  useEffect(() => {
    ref.current.showModal();
    if (!preflight) return undefined;
    const stop = new AbortController();
    request('POST', 'v1/validate?preflight=true', {name: draft.name, config: draft.config}, {signal: stop.signal, slow: true}).then(
      (answer) => setResult({errors: answer.errors}),
      (error) => stop.signal.aborted || setResult({error}),
    );
    return () => stop.abort();
  }, []);
  const bad = result && (result.error || result.errors?.length > 0);
  return html`<dialog ref=${ref} aria-labelledby="review-title" onClose=${close}><h2 id="review-title">${title}</h2>
    ${children}
    <div role="status">${!result && html`<p><progress aria-label=${t('preflight.running')}></progress> ${t('preflight.running')}</p>`}
      ${result?.errors?.length === 0 && html`<p class="verdict good">${t('preflight.good')}</p>`}
      ${result?.skipped && html`<p class="small">${t('preflight.skipped')}</p>`}
      ${result?.error && html`<${Problem} error=${result.error} />`}
      ${result?.errors?.length > 0 && html`<div class="trouble"><p><strong>${t('preflight.bad')}</strong></p><ul>${result.errors.map((one) => html`<li><code>${one.key}</code> <span lang="en">${one.message}</span></li>`)}</ul></div>`}</div>
    <${Curl} line=${line} />
    <div class="buttons"><button type="button" class="button" onClick=${() => ref.current.close()}>${t('back')}</button>
      <${Action} kind="primary" disabled=${!result} onClick=${doIt}>${bad ? t('anyway', {yes}) : yes}<//></div></dialog>`;
}

function useDraft(name, config) {
  const [draft, setDraft] = useState({name, config});
  return {...draft, setName: (given) => setDraft((old) => ({...old, name: given})), setConfig: (given) => setDraft((old) => ({...old, config: given}))};
}

const secretsOf = (plugins) => plugins.flatMap((one) => one.keys.filter((key) => key.type === 'password').map((key) => key.name));

// Sending waits until the host has judged what is on the screen; then it goes on, or to the first field that is wrong.
function useSubmit(verdict, right, go) {
  const [wanted, setWanted] = useState(false);
  const [tried, setTried] = useState(false);
  useEffect(() => {
    if (!wanted || !verdict.fresh) return;
    setWanted(false);
    if (right) go();
    else setTried(true);
  }, [wanted, verdict.fresh]);
  useEffect(() => {
    if (tried && !wanted) document.querySelector('[aria-invalid=true]')?.focus();
  }, [tried, wanted]);
  const submit = (event) => {
    event.preventDefault();
    setWanted(true);
  };
  return {submit, tried};
}

function Create({plugins, query}) {
  const topic = query.get('topic') ?? '';
  const start = useMemo(() => ({...(query.get('instance') && {'instance.id': query.get('instance')}), ...(topic && {topics: topic})}), []);
  const draft = useDraft(topic, start);
  const [enabled, setEnabled] = useState(true);
  const [review, setReview] = useState(false);
  const verdict = useVerdict(draft.name, draft.config);
  const {tasks} = useLive();
  const right = verdict.errors.size === 0 && !tasks?.some((task) => task.name === draft.name);
  const {submit, tried} = useSubmit(verdict, right, () => setReview(true));
  const body = {name: draft.name, config: draft.config, enabled};
  const secrets = secretsOf(plugins);
  const create = async () => {
    setReview(false);
    if (await act(t('did.create', {name: draft.name}), 'POST', 'v1/tasks', body, secrets)) location.hash = taskLink(draft.name);
  };
  return html`<form class="settings" noValidate onSubmit=${submit}>
    <${Settings} draft=${draft} verdict=${verdict} showAll=${tried} plugins=${plugins} />
    <div class="foot"><label class="check"><input type="checkbox" checked=${enabled} onChange=${(event) => setEnabled(event.target.checked)} /> ${t('create.enabled')}</label>
      <span class="count" role="status">${verdict.errors.size > 0 ? t('form.wrong', {n: verdict.errors.size}) : ''}</span>
      <button class="button primary">${t('continue')}</button></div>
    <${Curl} line=${curl('POST', 'v1/tasks', body, secrets)} />
    ${review && html`<${Review} title=${t('create.title', {name: draft.name})} draft=${draft} yes=${t('create.yes')} preflight line=${curl('POST', 'v1/tasks', body, secrets)}
      doIt=${create} close=${() => setReview(false)} />`}
  </form>`;
}

export function CreateTask({query}) {
  const {data, error} = useConnectors();
  return html`<${Page} title=${t('create')}>${data ? html`<${Create} plugins=${data.connectors} query=${query} />` : html`<${Loading} error=${error} />`}<//>`;
}

// What differs, as PATCH takes it: null removes a key.
function changesOf(before, after) {
  const out = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (before[key] !== after[key]) out[key] = after[key] ?? null;
  }
  return out;
}

function Diff({changes, before, secrets}) {
  const shown = (key, value) => (value == null ? t('default') : secrets.includes(key) ? mask : value);
  return html`<table class="diff"><thead><tr><th scope="col">${t('setting')}</th><th scope="col">${t('before')}</th><th scope="col">${t('after')}</th></tr></thead>
    <tbody>${Object.entries(changes).map(([key, value]) => html`<tr key=${key}><th scope="row"><code>${key}</code></th><td><del>${shown(key, before[key])}</del></td><td><ins>${shown(key, value)}</ins></td></tr>`)}</tbody></table>`;
}

function Edit({task, plugins}) {
  const draft = useDraft(task.name, task.config);
  const [review, setReview] = useState(false);
  const verdict = useVerdict(draft.name, draft.config);
  const {submit, tried} = useSubmit(verdict, verdict.errors.size === 0, () => setReview(true));
  const changes = changesOf(task.config, draft.config);
  const count = Object.keys(changes).length;
  const secrets = secretsOf(plugins);
  const line = curl('PATCH', taskPath(task.name), {config: changes}, secrets);
  const save = async () => {
    setReview(false);
    if (await act(t('did.save', {name: task.name}), 'PATCH', taskPath(task.name), {config: changes}, secrets)) location.hash = taskLink(task.name, 'config');
  };
  return html`<form class="settings" noValidate onSubmit=${submit}>
    <${Settings} draft=${draft} verdict=${verdict} showAll=${tried} plugins=${plugins} fixedName original=${task.config} />
    <div class="foot"><a class="button" href=${taskLink(task.name, 'config')}>${t('cancel')}</a>
      <span class="count" role="status">${verdict.errors.size > 0 ? t('form.wrong', {n: verdict.errors.size}) : t('form.changed', {n: count})}</span>
      <button class="button primary" disabled=${count === 0}>${t('edit.review')}</button></div>
    ${review && html`<${Review} title=${t('edit.title', {name: task.name})} draft=${draft} yes=${t('save')} line=${line} doIt=${save} close=${() => setReview(false)}
      preflight=${!Object.values(draft.config).includes(mask)}><${Diff} changes=${changes} before=${task.config} secrets=${secrets} /><//>`}
  </form>`;
}

export function EditTask({name}) {
  const {data: plugins, error: pluginsError} = useConnectors();
  const {data: task, error} = useAnswer(taskPath(name));
  if (error?.status === 404) return html`<${NoTask} name=${name} />`;
  return html`<${Page} title=${t('edit.of', {name})}>${plugins && task ? html`<${Edit} task=${task} plugins=${plugins.connectors} />` : html`<${Loading} error=${error ?? pluginsError} />`}<//>`;
}
