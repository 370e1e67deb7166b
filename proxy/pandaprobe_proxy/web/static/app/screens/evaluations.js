// What evaluators say of all sessions: how their scores lie, which sessions are worst, and one kind against another.
import { useGet } from "../base/api.js";
import { exact, plural } from "../base/format.js";
import { href, patch, route } from "../base/route.js";
import { html, useEffect, useState } from "../base/ui.js";
import { Score } from "../parts/scores.js";
import { Time } from "../parts/time.js";
import { Empty, Trouble } from "../parts/trouble.js";

export default function Evaluations() {
  const { value, error } = useGet("/evaluations");
  useEffect(() => void (document.title = "Evaluations – PandaProbe"), []);
  if (error && !value) return html`<${Trouble} error=${error} />`;
  if (!value) return null;
  if (!value.evaluators.length) return html`<${Empty} title="No session was judged yet" line="pandaprobe-proxy eval run"><p>The evaluators need no model and no key.</p><//>`;
  const spoken = value.evaluators.filter((one) => one.mean != null);
  const silent = value.evaluators.filter((one) => one.mean == null);
  return html`<div class="page">
    <${Compare} />
    <div class="judgings">${spoken.map((one) => html`<${Judging} key=${one.name} one=${one} />`)}</div>
    ${silent.length > 0 && html`<p class="muted silent">Found nothing to judge by in any session: ${silent.map((one) => one.name.replaceAll("_", " ")).join(", ")}.</p>`}
  </div>`;
}

function Judging({ one }) {
  const most = Math.max(1, ...one.histogram);
  return html`<section class="judging">
    <h2>${one.name.replaceAll("_", " ")}</h2>
    <p class="muted">${plural(one.sessions, "session")}, mean ${one.mean == null ? "–" : one.mean.toFixed(2)}${one.nulls > 0 && `, no evidence in ${exact(one.nulls)}`}; version ${one.version}, <${Time} at=${one.last_at} /></p>
    <svg class="bins" viewBox="0 0 100 40" preserveAspectRatio="none" role="img" aria-label=${`Scores from 0 to 1: ${one.histogram.join(", ")}`}>
      ${one.histogram.map((count, index) => html`<rect key=${index} x=${index * 10 + 0.5} width="9" y=${40 - (count / most) * 38} height=${(count / most) * 38}><title>${(index / 10).toFixed(1)} to ${((index + 1) / 10).toFixed(1)}: ${count}</title></rect>`)}
    </svg>
    <p class="ends muted"><span>0</span><a href=${href(["sessions"], { where: `score.${one.name}<0.5` })}>below 0.5</a><span>1, good</span></p>
    <ul>${one.worst.filter(({ value }) => value < 1).slice(0, 5).map((bad) => html`<li key=${bad.session_id}><a href=${href(["sessions", bad.session_id], { tab: "evaluations" })}>${bad.session_id}</a> <${Score} name="" value=${bad.value} /> <span class="muted">${bad.label}</span></li>`)}</ul>
  </section>`;
}

/** Two kinds of sessions, task by task. */
function Compare() {
  const { query } = route.value;
  const [a, b] = [query.get("a") ?? "", query.get("b") ?? ""];
  const [typed, setTyped] = useState([a, b]);
  const { value, error } = useGet(a && b ? "/evaluations/compare" : null, { a, b });
  const set = (index) => (event) => setTyped(typed.map((text, at) => (at === index ? event.target.value : text)));
  const ask = (event) => {
    event.preventDefault();
    patch({ a: typed[0], b: typed[1] }, false);
  };
  return html`<details class="folded" open=${Boolean(a && b)}><summary>Compare two kinds of sessions</summary>
    <form class="pills" onSubmit=${ask}>
      <input aria-label="Before" placeholder="tag:main" value=${typed[0]} onInput=${set(0)} /> <span>with</span>
      <input aria-label="After" placeholder="tag:branch" value=${typed[1]} onInput=${set(1)} /> <button>Compare</button>
    </form>
    ${error && html`<p class="wrong">${error.message}</p>`}
    ${value && (value.items.length ? html`<${Differences} items=${value.items} />` : html`<p class="muted">There is nothing to compare: both need sessions of five tasks or more that they share.</p>`)}
  </details>`;
}

function Differences({ items }) {
  return html`<table class="sums"><thead><tr>${["Score", "Tasks", "Before", "After", "Difference", "p", "Says"].map((title) => html`<th key=${title} scope="col">${title}</th>`)}</tr></thead>
    <tbody>${items.map((one) => html`<tr key=${one.name}><th scope="row">${one.name}</th><td>${one.tasks}</td><td>${one.before.toFixed(3)}</td><td>${one.after.toFixed(3)}</td>
      <td>${(one.after - one.before).toFixed(3)} [${one.low.toFixed(3)}, ${one.high.toFixed(3)}]</td><td>${one.holm.toFixed(4)}</td>
      <td>${one.differs ? html`<b>differs</b>` : html`<span class="muted">nothing under ${one.smallest.toFixed(2)} could be seen</span>`}</td></tr>`)}</tbody></table>`;
}
