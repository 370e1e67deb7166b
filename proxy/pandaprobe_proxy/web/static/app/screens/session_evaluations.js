// What evaluators said of the session, the worst first, each with the passages that prove it.
import { patch } from "../base/route.js";
import { html } from "../base/ui.js";
import { Pill } from "../parts/pill.js";
import { Score } from "../parts/scores.js";
import { Time } from "../parts/time.js";
import { Empty, Trouble } from "../parts/trouble.js";

export function Evaluations({ id, judgements, data }) {
  const { judged, loading, error } = judgements;
  if (error) return html`<${Trouble} error=${error} />`;
  if (!judged.length && !loading) return html`<${Empty} title="Nobody has judged this session yet" line=${`pandaprobe-proxy eval run --session ${id}`}><p>The evaluators need no model and no key.</p><//>`;
  const sorted = [...judged].sort((a, b) => (a.value ?? 2) - (b.value ?? 2));
  return html`<div class="page">${sorted.map((one) => html`<${Judged} key=${one.name} one=${one} timeline=${data.timeline} />`)}</div>`;
}

function Judged({ one, timeline }) {
  return html`<section class="judgement">
    <h2><${Score} name=${one.name} value=${one.value} /> <span>${one.label}</span></h2>
    <p class="muted">version ${one.version}, <${Time} at=${one.at} />${one.stale && html` <span class="warning">the session has changed since</span>`}</p>
    <div class="pills">${Object.entries(one.counts ?? {}).map(([name, value]) => html`<${Pill} key=${name} name=${name.replaceAll("_", " ")}>${typeof value === "object" ? JSON.stringify(value) : String(value)}<//>`)}</div>
    <ul>${one.evidence?.map((quote, index) => html`<${Quote} key=${index} quote=${quote} timeline=${timeline} />`)}</ul>
  </section>`;
}

function Quote({ quote, timeline }) {
  const show = (event) => {
    event.preventDefault();
    patch({ tab: null, call: quote.call_id }, false);
  };
  return html`<li><a href=${`?call=${encodeURIComponent(quote.call_id)}`} onClick=${show}>call ${timeline.placeOf(quote.call_id) + 1 || quote.call_id}</a> ${quote.detail} ${quote.text && html`<q>${quote.text}</q>`}</li>`;
}
