// The facts of a session as pills: how it ended, where time and tokens went, what it cost, how it was judged.
import { costOf, dollars, duration, exact, moment, percent, plural, short } from "../base/format.js";
import { pinned, togglePin, utc } from "../base/prefs.js";
import { href, route } from "../base/route.js";
import { html } from "../base/ui.js";
import { Mark } from "../parts/mark.js";
import { Pill } from "../parts/pill.js";
import { Score, tone } from "../parts/scores.js";
import { Time } from "../parts/time.js";

const MOST_SCORES = 4;

export function Head({ id, session, timeline, judged }) {
  const { query } = route.value;
  const isPinned = pinned.value.includes(id);
  return html`<header class="facts">
    <h1><a href=${href(["sessions"], { where: query.get("where"), sort: query.get("sort"), at: id })} title="All sessions (u)">Sessions</a> <span class="muted">/</span> ${id}
      <button type="button" class="plain" aria-pressed=${isPinned} title="Pin (.)" onClick=${() => togglePin(id)}>${isPinned ? "Pinned" : "Pin"}</button>
    </h1>
    <div class="pills">${session && html`<${Pills} session=${session} timeline=${timeline} judged=${judged} />`}</div>
  </header>`;
}

function Pills({ session, timeline, judged }) {
  return html`
    <${State} session=${session} />
    <${Pill} name="began" title=${moment(session.first_trace_at, utc.value)}><${Time} at=${session.first_trace_at} /><//>
    ${timeline && html`<${Took} session=${session} timeline=${timeline} />`}
    <${Pill} name="tokens" title=${`${exact(session.input_tokens)} in, of which ${exact(session.cached_tokens ?? 0)} cached; ${exact(session.output_tokens)} out`}>
      ${short(session.input_tokens)} in${session.cached_tokens > 0 && ` (${percent(session.cached_tokens / session.input_tokens)} cached)`}, ${short(session.output_tokens)} out
    <//>
    <${Pill} name="cost" title=${costOf(session) == null ? "Nobody knows the price" : `$${session.total_cost.toFixed(6)}`}>${dollars(costOf(session))}${costOf(session) != null && session.unpriced_calls > 0 && ` + ${plural(session.unpriced_calls, "call")} unpriced`}<//>
    ${session.models.map((model) => html`<${Pill} key=${model} name="model">${model}<//>`)}
    ${session.user_id && html`<${Pill} name="user">${session.user_id}<//>`}
    ${session.tags.map((tag) => html`<${Pill} key=${tag} name="tag">${tag}<//>`)}
    <${Pill} name="known by" title=${`confidence ${session.confidence}`}>${session.source}${session.confidence < 1 && ` ${percent(session.confidence)}`}<//>
    ${session.parent_session_id && html`<a class="pill" href=${href(["sessions", session.parent_session_id], { call: session.parent_call_id })}><span class="name">begun by</span>${session.parent_session_id}</a>`}
    ${session.merged_into && html`<a class="pill" href=${href(["sessions", session.merged_into])}><span class="name">merged into</span>${session.merged_into}</a>`}
    <${Judged} judged=${judged} />
  `;
}

function State({ session }) {
  const { calls, errors, recovered_errors: good, open_calls: open } = session;
  const state = open ? "open" : errors > good ? "error" : errors ? "warn" : "ok";
  return html`<${Pill} title=${session.state} tone=${state}><${Mark} state=${state} /> ${plural(calls, "call")}${errors > 0 && `, ${exact(errors)} failed`}${good > 0 && `, ${exact(good)} made good`}${open > 0 && `, ${exact(open)} running`}<//>`;
}

/** How long, and how much of it models worked: the rest is the app, its tools and its users. */
function Took({ session, timeline }) {
  const whole = session.duration_ms ?? session.total_latency_ms;
  const busy = timeline.busyMs(Date.now());
  return html`<${Pill} name="took" title=${`Calls ran for ${duration(busy)}; the rest is the app, its tools and its users`}>${duration(whole)}${whole > 0 && `, models ${percent(Math.min(1, busy / whole))}`}<//>`;
}

function Judged({ judged }) {
  const worst = judged.filter((one) => one.value != null).sort((a, b) => a.value - b.value);
  return worst.slice(0, MOST_SCORES).map(
    (one) => html`<a key=${one.name} class=${`pill ${tone(one.value)}`} href="?tab=evaluations"><${Score} name=${one.name} value=${one.value} label=${one.label} /></a>`,
  );
}
