// The facts of a call as pills.
import { at } from "../base/api.js";
import { dollars, duration, exact, moment, percent, short } from "../base/format.js";
import { utc } from "../base/prefs.js";
import { href } from "../base/route.js";
import { html } from "../base/ui.js";
import { Mark } from "../parts/mark.js";
import { Pill } from "../parts/pill.js";
import { Time } from "../parts/time.js";

export function Head({ id, call }) {
  return html`<header class="facts">
    <h1><a href=${href(["sessions"])}>Sessions</a> <span class="muted">/</span>
      ${call && html`<a href=${href(["sessions", call.session_id], { call: id })} title="Its session (u)">${call.session_id}</a> <span class="muted">/</span>`}
      <span>call ${id.slice(-12)}</span>
    </h1>
    <div class="pills">${call && html`<${Pills} call=${call} />`}</div>
  </header>`;
}

function Pills({ call }) {
  const { usage, marks } = call;
  const first = marks.first_content ?? marks.first_tool;
  return html`
    <${State} call=${call} />
    <${Pill} name="began" title=${moment(call.started_at, utc.value)}><${Time} at=${call.started_at} /><//>
    ${call.model && html`<${Pill} name="model">${call.model}<//>`}
    <${Pill} name=${call.upstream} title=${call.url}>${call.operation || `${call.method} ${call.path}`}<//>
    <${Pill} name="took">${duration(call.latency_ms)}<//>
    ${first != null && html`<${Pill} name="first token">${duration(first / 1e6)}<//>`}
    ${(usage.input != null || usage.output != null) && html`<${Pill} name="tokens" title=${tellUsage(usage)}>${short(usage.input)} in${usage.cached > 0 && ` (${percent(usage.cached / usage.input)} cached)`}, ${short(usage.output)} out${usage.source !== "reported" && ` ${usage.source}`}<//>`}
    <${Pill} name="cost" title=${tellCost(call.cost)}>${call.cost ? dollars(call.cost.total) : "not known"}<//>
    ${call.attempt > 0 && html`<${Pill} tone="warn">try ${call.attempt + 1}<//>`}
    ${call.attempt_of && html`<a class="pill" href=${href(["calls", call.attempt_of])}><span class="name">first try</span>${call.attempt_of.slice(-12)}</a>`}
    ${call.follows && html`<a class="pill" href=${href(["calls", call.follows])}><span class="name">goes on from</span>${call.follows.slice(-12)}</a>`}
    ${call.connection && html`<a class="pill" href=${href(["calls", call.connection])}><span class="name">turn ${call.turn} of</span>${call.connection.slice(-12)}</a>`}
    ${call.user_id && html`<${Pill} name="user">${call.user_id}<//>`}
    ${call.tags.map((tag) => html`<${Pill} key=${tag} name="tag">${tag}<//>`)}
    <${Pill} name="session known by" title=${call.resolution.clues.map((clue) => `${clue.source}: ${clue.name} ${clue.value}`).join("\n")}>${call.source}${call.confidence < 1 && ` ${percent(call.confidence)}`}<//>
    ${call.lossy && html`<${Pill} tone="warn" title="Something of it could not be placed; the bytes are kept whole">lossy<//>`}
    ${call.warnings.map((text) => html`<${Pill} key=${text} tone="warn">${text}<//>`)}
    <a class="pill" href=${at("calls", call.call_id)} target="_blank" rel="noopener">as JSON</a>
  `;
}

function State({ call }) {
  const broke = call.partial && call.outcome !== "open";
  const state = call.outcome === "open" ? "open" : broke ? "partial" : call.outcome === "ok" && !call.error ? "ok" : "error";
  const words = [call.status, call.outcome === "open" ? "running" : call.outcome.replaceAll("_", " "), call.finish_reason].filter(Boolean);
  return html`<${Pill} tone=${state}><${Mark} state=${state} /> ${words.join(" · ")}<//>`;
}

function tellUsage(usage) {
  const lines = [`${exact(usage.input)} in`];
  if (usage.cached != null) lines.push(`  of which ${exact(usage.cached)} read from the cache`);
  if (usage.cache_written != null) lines.push(`  of which ${exact(usage.cache_written)} written to the cache`);
  lines.push(`${exact(usage.output)} out`);
  if (usage.reasoning != null) lines.push(`  of which ${exact(usage.reasoning)} reasoning`);
  return [...lines, `known: ${usage.source}`].join("\n");
}

/** The arithmetic: what each kind of token came to. */
function tellCost(cost) {
  if (!cost) return "Nobody knows the price";
  const parts = Object.entries(cost.parts).map(([name, value]) => `${name.replaceAll("_", " ")}  $${value.toFixed(8)}`);
  return [...parts, `= $${cost.total.toFixed(8)}`, `priced as ${cost.priced_as}, ${cost.source}`].join("\n");
}
