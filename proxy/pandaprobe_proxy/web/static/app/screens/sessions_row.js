// One session as a row, and the columns that rows have.
import { costOf, dollars, duration, exact, oneLine, percent, plural, short, UNKNOWN } from "../base/format.js";
import { pinned } from "../base/prefs.js";
import { html } from "../base/ui.js";
import { Mark } from "../parts/mark.js";
import { WorstScore } from "../parts/scores.js";
import { Spark } from "../parts/spark.js";
import { Time } from "../parts/time.js";

export const ROW_HEIGHT = 44;

/** Class, title, and what it sorts by. @type {[string, string, string?][]} */
const COLUMNS = [
  ["state", ""],
  ["name", "Session"],
  ["said", "First said, last answered"],
  ["calls", "Calls", "calls"],
  ["errors", "Failed", "errors"],
  ["took", "Took", "duration"],
  ["tokens", "Tokens in, out", "tokens"],
  ["cost", "Cost", "cost"],
  ["models", "Models"],
  ["judged", "Worst score"],
  ["latency", "Latency"],
  ["last", "Active", "last"],
];

export function Head({ sort, onSort }) {
  const current = sort ?? "last";
  return html`<div class="row head" role="row">
    ${COLUMNS.map(([name, title, by]) => html`<span key=${name} class=${name} role="columnheader" aria-sort=${by === current ? "descending" : null}>
      ${by ? html`<button type="button" onClick=${() => onSort(by)}>${title}${by === current && html`<span aria-hidden="true"> ↓</span>`}</button>` : title}
    </span>`)}
  </div>`;
}

export function Row({ row, index, link, chosen }) {
  return html`<a class=${`row ${chosen ? "chosen" : ""}`} role="row" href=${link} aria-rowindex=${index + 2} aria-selected=${chosen}>
    <span class="state" role="gridcell"><${Mark} state=${stateOf(row)} label=${spellState(row)} /></span>
    <span class="name" role="gridcell" title=${row.session_id}><b>${pinned.value.includes(row.session_id) && html`<span title="pinned">📌︎ </span>`}${row.session_id}</b><small>${[row.user_id, ...row.tags].filter(Boolean).join(" · ")}</small></span>
    <span class="said" role="gridcell"><span>${oneLine(row.first_input) || UNKNOWN}</span><small>${oneLine(row.last_output)}</small></span>
    <span class="calls" role="gridcell">${exact(row.calls)}${row.open_calls > 0 && html`<small>${row.open_calls} open</small>`}</span>
    <span class=${`errors ${row.errors ? "some" : ""}`} role="gridcell">${row.errors ? exact(row.errors) : ""}${row.recovered_errors > 0 && html`<small>${row.recovered_errors} made good</small>`}</span>
    <span class="took" role="gridcell">${duration(row.duration_ms ?? row.total_latency_ms)}</span>
    <span class="tokens" role="gridcell" title=${tellTokens(row)}>${short(row.input_tokens)}, ${short(row.output_tokens)}<small>${row.cached_tokens > 0 && `${percent(row.cached_tokens / row.input_tokens)} cached`}</small></span>
    <span class="cost" role="gridcell" title=${tellCost(row)}>${dollars(costOf(row))}${row.unpriced_calls > 0 && costOf(row) != null && html`<small>and more</small>`}</span>
    <span class="models" role="gridcell" title=${row.models.join("\n")}>${row.models[0]}${row.models.length > 1 && html`<small>+${row.models.length - 1}</small>`}</span>
    <span class="judged" role="gridcell"><${WorstScore} scores=${row.scores} /></span>
    <span class="latency" role="gridcell"><${Spark} latencies=${row.latencies_ms} /></span>
    <span class="last" role="gridcell"><${Time} at=${row.last_trace_at} /></span>
  </a>`;
}

function stateOf(row) {
  if (row.open_calls > 0) return "open";
  if (row.errors > row.recovered_errors) return "error";
  return row.errors > 0 ? "warn" : "ok";
}

function spellState(row) {
  if (row.open_calls > 0) return `${plural(row.open_calls, "call")} still running`;
  if (!row.errors) return `${row.state}, nothing failed`;
  return `${plural(row.errors, "call")} failed, ${row.recovered_errors} made good`;
}

function tellTokens(row) {
  return `${exact(row.input_tokens)} in, of which ${exact(row.cached_tokens ?? 0)} cached\n${exact(row.output_tokens)} out`;
}

function tellCost(row) {
  const known = costOf(row) == null ? "Nobody knows the price" : `$${row.total_cost}`;
  return row.unpriced_calls ? `${known}; ${plural(row.unpriced_calls, "call")} without a price` : known;
}
