// The exchange as it crossed the wire: headers as they are kept, bytes a piece at a time, and ways to take it along.
import { at, getText } from "../base/api.js";
import { size } from "../base/format.js";
import { html, useEffect, useState } from "../base/ui.js";
import { Json } from "../parts/json.js";
import { copy } from "../parts/trouble.js";

const PIECE_BYTES = 65_536;

export function Headers({ call }) {
  return html`<div class="page whole">
    <p class="muted">Only headers that are known to hold no secret are kept with their value; what the app authenticates with is never stored.</p>
    <h2>Request</h2><${Table} lines=${call.request_headers} />
    <h2>Response</h2><${Table} lines=${call.response_headers} />
    ${Object.keys(call.metadata).length > 0 && html`<h2>Metadata</h2><${Json} value=${call.metadata} />`}
    <h2>How its session is known</h2><${Json} value=${call.resolution} open=${3} />
  </div>`;
}

function Table({ lines }) {
  if (!lines.length) return html`<p class="muted">None.</p>`;
  return html`<table class="lines"><tbody>${lines.map(([name, value], index) => html`<tr key=${index}><th scope="row">${name}</th><td>${value}</td></tr>`)}</tbody></table>`;
}

export function Raw({ id, call }) {
  return html`<div class="page whole">
    <p class="pills"><span class="muted">Copy as</span>${["curl", "python", "json"].map((form) => html`<button key=${form} type="button" onClick=${() => copyAs(id, form)}>${form}</button>`)}</p>
    <${Side} id=${id} side="request" title="Request" body=${call.request} connection=${call.connection} />
    <${Side} id=${id} side="response" title="Response" body=${call.response} connection=${call.connection} />
  </div>`;
}

async function copyAs(id, form) {
  await copy(await getText(at("calls", id, "as", form)));
}

function Side({ id, side, title, body, connection }) {
  const [text, setText] = useState("");
  const [read, setRead] = useState(0);
  const [wrong, setWrong] = useState("");
  const more = () =>
    getText(at("calls", id, side), { offset: read, length: PIECE_BYTES }).then(
      (piece) => (setText((before) => before + piece), setRead(read + PIECE_BYTES)),
      (error) => setWrong(error.message),
    );
  useEffect(() => {
    if (body.kept && !connection) more();
  }, []);
  return html`<h2>${title} <span class="muted">${size(body.size)}${body.coding && `, ${body.coding}`}${body.redactions > 0 && `, ${body.redactions} secrets taken out`}${!body.complete && ", not whole"}</span>
      ${body.kept > 0 && !connection && html` <a href=${at("calls", id, side)} download>Download</a>`}</h2>
    ${body.withheld && html`<p class="muted">Not kept: ${body.withheld}.</p>`}
    ${connection && html`<p class="muted">A turn has no bytes of its own; they are the connection's.</p>`}
    ${wrong && html`<p class="wrong">${wrong}</p>`}
    ${text && html`<pre class="bytes" tabindex="0">${text}</pre>`}
    ${read > 0 && read < body.kept && html`<button type="button" class="more" onClick=${more}>More, of ${size(body.kept)}</button>`}`;
}
