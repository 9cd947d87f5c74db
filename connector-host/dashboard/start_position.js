// Where a task begins to read: a choice in words, with what each would take, instead of the key's text.
import {html} from './vendor/preact.js';
import {records} from './format.js';
import {t} from './i18n.js';
import {useAnswer} from './live.js';

const fixed = ['earliest', 'latest', 'committed'];
const two = (value) => String(value).padStart(2, '0');

// As an input of kind datetime-local has it, in the reader's time zone; '' if it is no time.
function local(text) {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return '';
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

const hourAgo = () => new Date(Math.floor(Date.now() / 60000) * 60000 - 3600000).toISOString().replace('.000Z', 'Z');

// {records, skipped} as the host counts them; null: not known (yet), for example while the topics are being typed.
function useCounts(source, position) {
  const {data} = useAnswer(source && position ? `v1/instances/${encodeURIComponent(source.instance)}/records?` + new URLSearchParams({...source.topics, 'start.position': position}) : null);
  return data;
}

// source: {instance, topics: {topics} or {'topics.regex'}}, or null while the host takes them for wrong.
export function StartPosition({key_: key, value, errors, change, leave, source}) {
  const usual = key.default || 'latest';
  const given = value || usual;
  const chosen = fixed.includes(given) ? given : 'since';
  const there = useCounts(source, 'latest');
  const since = useCounts(source, chosen === 'since' && local(given) ? given : null);
  const counts = {
    earliest: there && t('start.takes', {records: records(there.records)}),
    latest: there && (there.skipped ? t('start.leaves', {records: records(there.skipped)}) : t('start.nothing')),
    since: since?.skipped != null && t('start.takes', {records: records(since.records - since.skipped)}),
  };
  const options = ['earliest', 'latest', 'since', ...(chosen === 'committed' ? ['committed'] : [])];
  const choose = (one) => change(one === usual ? '' : one === 'since' ? hourAgo() : one);
  const wrong = errors.length > 0;
  return html`<div class="field start ${wrong ? 'wrong' : ''}" role="radiogroup" aria-labelledby="start-label" aria-describedby=${wrong ? 'start-error' : undefined} onFocusOut=${leave}>
    <span class="label" id="start-label">${t('start')} <code>${key.name}</code></span>
    ${options.map((one) => html`<label key=${one} class="check"><input type="radio" name="start.position" value=${one} checked=${one === chosen} onChange=${() => choose(one)} />
      <span>${t('start.' + one)}${counts[one] && html` <span class="takes" role="status">${counts[one]}</span>`}</span></label>
      ${one === 'since' && chosen === 'since' && html`<input type="datetime-local" class="moment" required aria-label=${t('start.moment')} aria-invalid=${wrong ? 'true' : undefined}
        value=${local(given)} onInput=${(event) => event.target.value && change(new Date(event.target.value).toISOString().replace('.000Z', 'Z'))} />`}`)}
    ${wrong && html`<p class="error" id="start-error" lang="en">${errors.join(' · ')}</p>`}
  </div>`;
}
