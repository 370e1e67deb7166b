// The session as the sidecar has it: every field, to look at, to take along.
import { at, useGet } from "../base/api.js";
import { html } from "../base/ui.js";
import { Json } from "../parts/json.js";
import { copy, Trouble } from "../parts/trouble.js";

export function Raw({ id }) {
  const { value, error } = useGet(at("sessions", id));
  if (error) return html`<${Trouble} error=${error} />`;
  return html`<div class="page">
    <p class="pills">
      <a class="pill" href=${at("sessions", id)} target="_blank" rel="noopener">as JSON</a>
      <a class="pill" href=${at("sessions", id, "export.html")} download=${`${id}.html`}>as one HTML file</a>
      <button type="button" onClick=${() => copy(JSON.stringify(value, null, 2))}>Copy</button>
    </p>
    ${value && html`<${Json} value=${value} open=${2} />`}
  </div>`;
}
