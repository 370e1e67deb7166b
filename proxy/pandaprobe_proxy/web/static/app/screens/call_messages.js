// What was asked, with which tools and parameters, and what was answered.
import { plural } from "../base/format.js";
import { html } from "../base/ui.js";
import { Json } from "../parts/json.js";
import { Mark } from "../parts/mark.js";
import { Message } from "../parts/message.js";

export function Messages({ call }) {
  const said = call.call;
  if (!said) {
    return html`<div class="page"><p>${call.outcome === "open" ? "It is still running; what it says shows when it has ended." : "No dialect knows what this exchange says. Its bytes are under Raw."}</p><${Failure} call=${call} /></div>`;
  }
  return html`<div class="page whole">
    <${Failure} call=${call} />
    ${Object.keys(said.parameters).length > 0 && html`<details class="folded" open><summary>Parameters</summary><${Json} value=${said.parameters} open=${1} /></details>`}
    ${said.tools.length > 0 && html`<details class="folded"><summary>${plural(said.tools.length, "tool")}</summary><${Json} value=${said.tools} open=${2} /></details>`}
    <${Held} call=${call} />
    <h2>Asked</h2>
    ${said.input.map((message, index) => html`<div class="lazy" key=${index}><${Message} message=${message} /></div>`)}
    ${!said.input.length && html`<p class="muted">No messages.</p>`}
    <h2>Answered${said.partial && " in part: it broke off"}</h2>
    ${said.output.map((message, index) => html`<${Message} key=${index} message=${message} />`)}
    ${!said.output.length && html`<p class="muted">Nothing.</p>`}
    ${Object.keys(said.extra).length > 0 && html`<details class="folded"><summary>More of the answer</summary><${Json} value=${said.extra} /></details>`}
    ${Object.keys(said.limits).length > 0 && html`<details class="folded"><summary>Rate limits</summary><${Json} value=${said.limits} /></details>`}
  </div>`;
}

/** What the provider held of before: the call named it, and did not send it. */
function Held({ call }) {
  if (!call.history.length && !call.history_broken) return null;
  return html`<details class="folded"><summary>${plural(call.history.length, "message")} that the provider held${call.history_broken ? ", not all of them recorded here" : ""}</summary>
    ${call.history.map((message, index) => html`<${Message} key=${index} message=${message} />`)}
  </details>`;
}

function Failure({ call }) {
  const why = call.call?.error?.message || call.error;
  if (!why && call.outcome !== "interrupted") return null;
  return html`<p class="failure"><${Mark} state="error" /> <b>${call.outcome.replaceAll("_", " ")}</b> ${call.status} ${why}</p>`;
}
