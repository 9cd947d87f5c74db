// A question before something is done, with the request that will be sent.
import {html, useEffect, useRef} from './vendor/preact.js';
import {t} from './i18n.js';
import {Action, Curl} from './parts.js';

export function Confirm({title, children, line, yes, danger, onYes, onClose}) {
  const ref = useRef(null);
  useEffect(() => {
    ref.current.showModal();
  }, []);
  return html`<dialog ref=${ref} aria-labelledby="confirm-title" onClose=${onClose}>
    <h2 id="confirm-title">${title}</h2>
    ${children}
    ${line && html`<${Curl} line=${line} />`}
    <div class="buttons">
      <button type="button" class="button" onClick=${() => ref.current.close()}>${t('cancel')}</button>
      <${Action} kind=${danger ? 'danger' : 'primary'} onClick=${() => {
        ref.current.close();
        onYes();
      }}>${yes}<//>
    </div>
  </dialog>`;
}
