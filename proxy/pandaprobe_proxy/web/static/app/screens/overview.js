// All calls of some time added up: how many, how many failed, how long they took, what they used, by time and by model.
import { useGet } from "../base/api.js";
import { dollars, duration, exact, percent, short } from "../base/format.js";
import { go, href, patch, route } from "../base/route.js";
import { html, useEffect, useRef } from "../base/ui.js";
import { Chart } from "../parts/chart.js";
import { Filters } from "../parts/filters.js";
import { Pill } from "../parts/pill.js";
import { Empty, Trouble } from "../parts/trouble.js";

const SPANS = [
  ["24h", "Day"],
  ["7d", "Week"],
  ["30d", "Month"],
];

export default function Overview() {
  const { query } = route.value;
  const since = query.get("since") ?? "7d";
  const box = useRef(null);
  const { value, error } = useGet("/overview", { since, where: query.get("where") });
  useEffect(() => void (document.title = "Overview – PandaProbe"), []);
  if (error && !value) return html`<${Trouble} error=${error} />`;
  return html`<div class="page overview">
    <${Filters} box=${box} error=${error} />
    <p class="pills">${SPANS.map(([name, title]) => html`<button key=${name} type="button" aria-pressed=${name === since} onClick=${() => patch({ since: name })}>${title}</button>`)}
      ${value?.sampled_every > 1 && html`<${Pill} tone="warn" title="There are more calls than are added up at once">from each ${exact(value.sampled_every)}th call<//>`}
    </p>
    ${value && (value.totals.calls ? html`<${Sums} value=${value} />` : html`<${Empty} title="No calls in this time" line="pandaprobe-proxy run -- python app.py" />`)}
  </div>`;
}

function Sums({ value }) {
  const { totals, buckets } = value;
  const at = buckets.map((one) => Date.parse(one.at) / 1000);
  const of = (name) => buckets.map((one) => one[name]);
  const pick = (index) => patchTo(value, index);
  return html`
    <div class="totals">
      <${Total} name="calls" value=${exact(totals.calls)} />
      <${Total} name="failed" value=${exact(totals.errors)} detail=${percent(totals.errors / totals.calls)} bad=${totals.errors > 0} />
      <${Total} name="took, half of them" value=${duration(totals.p50_ms)} detail=${`95 %: ${duration(totals.p95_ms)}`} />
      <${Total} name="first token, half of them" value=${duration(totals.ttft_p50_ms)} detail=${`95 %: ${duration(totals.ttft_p95_ms)}`} />
      <${Total} name="tokens in, out" value=${`${short(totals.input_tokens)}, ${short(totals.output_tokens)}`} detail=${`${percent(totals.cached_tokens / totals.input_tokens)} cached`} />
      <${Total} name="cost" value=${totals.unpriced && !totals.cost ? "not known" : dollars(totals.cost)} detail=${totals.unpriced > 0 ? `${exact(totals.unpriced)} calls without a price` : ""} />
    </div>
    <div class="charts">
      <${Chart} title="Calls, and how many failed" at=${at} bars series=${[{ name: "calls", values: of("calls"), color: "--stream" }, { name: "failed", values: of("errors"), color: "--error" }]} format=${exact} onPick=${pick} />
      <${Chart} title="Took: half of the calls, 95 %" at=${at} series=${[{ name: "half", values: of("p50_ms"), color: "--ok" }, { name: "95 %", values: of("p95_ms"), color: "--warn" }]} format=${duration} onPick=${pick} />
      <${Chart} title="Tokens in and out" at=${at} bars series=${[{ name: "in", values: of("input_tokens"), color: "--wait" }, { name: "out", values: of("output_tokens"), color: "--stream" }]} format=${short} onPick=${pick} />
      <${Chart} title="Cost" at=${at} bars series=${[{ name: "cost", values: of("cost"), color: "--assistant" }]} format=${dollars} onPick=${pick} />
    </div>
    <${Models} models=${value.models} />`;
}

function Total({ name, value, detail, bad }) {
  return html`<div class=${`total ${bad ? "bad" : ""}`}><span class="muted">${name}</span><b>${value}</b><small class="muted">${detail}</small></div>`;
}

/** A click on a bar asks for the sessions of its time. */
function patchTo(value, index) {
  const from = value.buckets[index]?.at;
  if (!from) return;
  const to = new Date(Date.parse(from) + (value.bucket === "hour" ? 3_600_000 : 86_400_000)).toISOString();
  const where = [route.value.query.get("where"), `since:${from.slice(0, 19)}Z`, `until:${to.slice(0, 19)}Z`].filter(Boolean).join(" ");
  go(href(["sessions"], { where }));
}

function Models({ models }) {
  return html`<table class="sums"><thead><tr>${["Model", "Calls", "Failed", "Took", "95 %", "Tokens in", "out", "Cost"].map((title) => html`<th key=${title} scope="col">${title}</th>`)}</tr></thead>
    <tbody>${models.map((one) => html`<tr key=${one.model}>
      <th scope="row">${one.model ? html`<a href=${href(["sessions"], { where: `model:${quote(one.model)}` })}>${one.model}</a>` : html`<span class="muted">no model</span>`}</th>
      <td>${exact(one.calls)}</td><td>${one.errors ? exact(one.errors) : ""}</td><td>${duration(one.p50_ms)}</td><td>${duration(one.p95_ms)}</td>
      <td>${short(one.input_tokens)}</td><td>${short(one.output_tokens)}</td><td>${one.unpriced && !one.cost ? "not known" : dollars(one.cost)}</td>
    </tr>`)}</tbody></table>`;
}

function quote(text) {
  return /\s/.test(text) ? `"${text}"` : text;
}
