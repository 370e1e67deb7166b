// What was said, each message once, under the call that brought it. What is in sight is fetched, in pages.
import { at, get } from "../base/api.js";
import { dollars, duration, short } from "../base/format.js";
import { html, useEffect, useRef, useState } from "../base/ui.js";
import { Mark } from "../parts/mark.js";
import { Message } from "../parts/message.js";
import { Score } from "../parts/scores.js";
import { Rows } from "../parts/virtual.js";

const PAGE = 40;
const FIRST_PAGE = 12; // what is in sight at first; the page itself asks for it, see web/static.py
const REST_MS = 60;
const NOTHING = { held: [], said: [], answers: [], after: null, branch: 0 };

/**
 * Additions by call, as far as they are known. Those in sight are asked for once the scrolling rests.
 * @returns {{additions: Map<string, object>, turn: number}} `turn` grows when more is known
 */
export function useConversation(id, timeline, changed, [first, last], scrolling) {
  const [turn, setTurn] = useState(0);
  const known = useRef(new Map()).current;
  const asked = useRef(new Set()).current;
  useEffect(() => {
    for (const callId of changed) asked.delete(callId);
  }, [changed]);
  useEffect(() => {
    if (scrolling) return;
    const begin = nextUnasked(timeline, asked, first, last);
    if (begin < 0) return;
    const timer = setTimeout(async () => {
      const limit = begin ? PAGE : FIRST_PAGE;
      const wanted = timeline.ids.slice(begin, begin + limit);
      wanted.forEach((callId) => asked.add(callId));
      try {
        const { items, next } = await get(at("sessions", id, "conversation"), { from: begin ? wanted[0] : null, limit });
        learn(timeline, known, asked, wanted, items, next);
      } catch (error) {
        for (const callId of wanted) known.has(callId) || known.set(callId, { error });
      }
      setTurn((last) => last + 1);
    }, known.size ? REST_MS : 0);
    return () => clearTimeout(timer);
  });
  return { additions: known, turn };
}

/** A call that a page leaves out, such as a try that failed and was made again, added nothing. Those after it are open. */
function learn(timeline, known, asked, wanted, items, next) {
  for (const addition of items) known.set(addition.call_id, addition);
  const end = next === null ? Infinity : timeline.placeOf(items.at(-1)?.call_id);
  wanted.forEach((callId, index) => {
    if (known.has(callId)) return;
    if (index === 0 || timeline.placeOf(callId) <= end) known.set(callId, NOTHING);
    else asked.delete(callId);
  });
}

/** The first place in sight, or a little after, that nobody has asked for; -1 if there is none. */
function nextUnasked(timeline, asked, first, last) {
  const end = Math.min(timeline.count, last + 8);
  for (let index = Math.max(0, first); index < end; index += 1) if (!asked.has(timeline.ids[index])) return index;
  return -1;
}

export function Conversation({ timeline, virtualizer, stamp, additions, chosen, flags, failures, linkTo }) {
  const row = (index) => {
    const call = timeline.at(index);
    return html`<${Turn} call=${call} number=${index + 1} addition=${additions.get(call.id)} above=${sayerAbove(timeline, additions, index)} chosen=${call.id === chosen} flags=${flags.get(call.id)} failure=${failures.get(call.id)} link=${linkTo(call.id)} />`;
  };
  return html`<${Rows} virtualizer=${virtualizer} stamp=${stamp} row=${row} measured role="feed" />`;
}

/** The call above in which something was said; null if it is not known. */
function sayerAbove(timeline, additions, index) {
  for (let place = index - 1; place >= 0; place -= 1) if (additions.get(timeline.ids[place]) !== NOTHING) return timeline.ids[place];
  return null;
}

function Turn({ call, number, addition, above, chosen, flags, failure, link }) {
  return html`<section class=${`turn ${chosen ? "chosen" : ""}`} aria-label=${`Call ${number}`}>
    <a class="brought" href=${link}>
      <span class="number">${number}</span><${Mark} state=${call.state} />
      <span>${call.agent && html`<b>${call.agent}</b> `}${call.model ?? call.operation}</span>
      <span class="muted">${call.state === "open" ? "running" : duration(call.end_ms)}</span>
      <span class="muted">${short(call.input_tokens)} → ${short(call.output_tokens)}</span>
      <span class="muted">${dollars(call.cost)}</span>
      ${call.attempt > 0 && html`<span class="warning">try ${call.attempt + 1}</span>`}
    </a>
    <${Said} addition=${addition} above=${above} call=${call} />
    ${(call.state === "error" || call.state === "partial") && html`<${Failure} call=${call} failure=${failure} />`}
    ${flags?.map((flag, index) => html`<${Flag} key=${index} flag=${flag} />`)}
  </section>`;
}

function Said({ addition, above, call }) {
  if (!addition) return html`<div class="unread" aria-hidden="true" />`;
  if (addition.error) return html`<p class="wrong">${addition.error.message}</p>`;
  const messages = [...addition.held, ...addition.said, ...addition.answers];
  if (!messages.length && call.state === "ok") return html`<p class="muted">Nothing was said here.</p>`;
  return html`
    ${addition.branch > 1 && addition.after !== above && html`<p class="muted">Branch ${addition.branch}: goes on from an earlier message, not from the call above.</p>`}
    ${messages.map((message, index) => html`<${Message} key=${index} message=${message} />`)}
  `;
}

function Failure({ call, failure }) {
  const broke = call.state === "partial";
  const words = [call.status >= 400 && `status ${call.status}`, failure?.outcome?.replaceAll("_", " "), failure?.error].filter(Boolean);
  return html`<p class="failure"><${Mark} state=${call.state} /> <b>${broke ? "Broke off" : "Failed"}</b> ${words.join(" · ")}</p>`;
}

/** What an evaluator says of this call, with the passage that proves it. */
function Flag({ flag }) {
  return html`<aside class="pointed"><${Mark} state="flag" /> <${Score} name=${flag.name} value=${flag.value} label=${flag.detail} /> ${flag.detail}${flag.text && html` <q>${flag.text}</q>`}</aside>`;
}
