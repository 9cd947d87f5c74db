// Fields of a form, made from a connector's configuration keys (GET /v1/connectors).
import {html} from './vendor/preact.js';
import {t, tOr} from './i18n.js';

const id = (name) => 'field-' + name.replace(/[^\w-]/g, '-');

function hint(key) {
  const parts = [];
  if (key.default && key.choices.length === 0) parts.push(t('default.is', {value: key.default}));
  if (key.unit && key.unit !== 'bytes') parts.push(tOr('unit.name.' + key.unit, key.unit));
  const number = key.type === 'integer' || key.type === 'bytes';
  if (number && key.min != null && key.max != null) parts.push(t('range', {min: key.min, max: key.max}));
  return parts.join(' · ');
}

// A slider for what CKafka's console has one for; the number beside it can be typed.
function Slider({key_: key, value, attributes, change}) {
  const shown = value || key.default || String(key.min);
  return html`<div class="slider"><input type="range" min=${key.min} max=${key.max} step="1" value=${shown} aria-label=${key.name} onInput=${(event) => change(event.target.value)} />
    <input type="text" inputmode="numeric" size="4" ...${attributes} value=${value} placeholder=${key.default ?? ''} onInput=${(event) => change(event.target.value)} />
    <span>${tOr('unit.name.' + key.unit, key.unit)}</span></div>`;
}

function Input({key_: key, value, attributes, change, suggestions}) {
  const onInput = (event) => change(event.target.value);
  const choices = key.choices.length ? key.choices : suggestions?.only;
  if (choices) {
    const all = value && !choices.includes(value) ? [value, ...choices] : choices;
    return html`<select ...${attributes} value=${value} onChange=${onInput}>
      <option value="">${key.default ? t('default.is', {value: key.default}) : t('choose.one')}</option>
      ${all.map((choice) => html`<option key=${choice} value=${choice}>${choice}</option>`)}</select>`;
  }
  if (key.type === 'password') return html`<input type="password" autocomplete="new-password" ...${attributes} value=${value} onInput=${onInput} />`;
  if (key.type === 'integer' && key.unit === 'minutes') return html`<${Slider} key_=${key} value=${value} attributes=${attributes} change=${change} />`;
  const list = suggestions?.some?.length ? attributes.id + '-list' : undefined;
  return html`<input type="text" autocomplete="off" spellcheck=${false} list=${list} ...${attributes} value=${value} placeholder=${key.default ?? ''} onInput=${onInput} />
    ${list && html`<datalist id=${list}>${suggestions.some.map((one) => html`<option key=${one} value=${one}></option>`)}</datalist>`}`;
}

export function Field({key_: key, value = '', errors = [], change, leave, suggestions, changed}) {
  const own = id(key.name);
  const attributes = {
    id: own,
    name: key.name,
    required: key.required,
    'aria-invalid': errors.length ? 'true' : undefined,
    'aria-describedby': own + '-doc' + (errors.length ? ' ' + own + '-error' : ''),
    onBlur: leave,
  };
  return html`<div class="field ${errors.length ? 'wrong' : ''} ${changed ? 'changed' : ''}">
    <label for=${own}><code>${key.name}</code>${key.required && html` <span class="must">${t('required')}</span>`}</label>
    <${Input} key_=${key} value=${value} attributes=${attributes} change=${change} suggestions=${suggestions} />
    ${errors.length > 0 && html`<p class="error" id=${own + '-error'} lang="en">${errors.join(' · ')}</p>`}
    <p class="doc" id=${own + '-doc'}>${hint(key) && html`<span class="hint">${hint(key)}</span> `}<span lang="en">${key.documentation}</span></p>
  </div>`;
}

// The keys in groups, in the order in which the schema has them. `more`: also those that few tasks need.
export function grouped(keys, more, config) {
  const groups = new Map();
  for (const key of keys) {
    if (!more && key.importance !== 'high' && !key.required && !(key.name in config)) continue;
    if (!groups.has(key.group)) groups.set(key.group, []);
    groups.get(key.group).push(key);
  }
  for (const list of groups.values()) list.sort((a, b) => a.order - b.order);
  return [...groups];
}
