// Calls under each other, each with its bar: grey until its first content, coloured while it streamed.
// Time is laid out for the calls in sight, so that a bar is never too small to see; long pauses are cut and told.
import { dollars, duration, exact, short } from "../base/format.js";
import { html, useLayoutEffect, useMemo, useRef } from "../base/ui.js";
import { layTime } from "../base/timeline.js";
import { Mark } from "./mark.js";
import { Rows } from "./virtual.js";

export const CALL_HEIGHT = 24;

/**
 * @param {object} props
 * @param {import("../base/timeline.js").Timeline} props.timeline
 * @param {number} props.version changes when the timeline does
 * @param {ReturnType<import("./virtual.js").useVirtual>} props.virtualizer
 * @param {string | null} props.chosen id of a call
 * @param {Map<string, object[]>} props.flags by call
 * @param {(callId: string) => string} props.linkTo
 * @param {(callId: string) => void} [props.onChoose] instead of following the link
 */
export function Waterfall({ timeline, version, virtualizer, chosen, flags, linkTo, onChoose }) {
  const box = useRef(null);
  const [first, last] = inSight(virtualizer, timeline.count);
  const nowMs = Date.now();
  const { place, cuts } = layTime(timeline, first, last, nowMs);
  useLayoutEffect(() => placeBars(box.current, timeline, place, nowMs));
  const stamp = useMemo(() => ({}), [timeline, version, chosen, flags]);
  const row = (index) => {
    const call = timeline.at(index);
    return html`<${CallRow} call=${call} number=${index + 1} chosen=${call.id === chosen} flags=${flags.get(call.id)} onChoose=${onChoose} link=${linkTo(call.id)} />`;
  };
  return html`<div ref=${box}><${Head} cuts=${cuts} /><${Rows} virtualizer=${virtualizer} stamp=${stamp} row=${row} role="rowgroup" /></div>`;
}

/** The first and the last place in sight, without those that are only kept ready. */
export function inSight(virtualizer, count) {
  const range = virtualizer.range;
  return range ? [range.startIndex, Math.min(range.endIndex, count - 1)] : [0, Math.min(count - 1, 30)];
}

/** Rows stay as they are while one scrolls; only their bars move, as time is laid out anew. */
function placeBars(box, timeline, place, nowMs) {
  for (const row of box.querySelectorAll("[data-call]")) {
    const index = timeline.placeOf(row.dataset.call);
    if (index < 0) continue;
    const start = timeline.columns.start_ms[index];
    const first = timeline.columns.first_ms[index];
    const [wait, span] = row.children;
    lay(wait, place(start), place(start + (first ?? 0)));
    lay(span, place(start + (first ?? 0)), place(timeline.endOf(index, nowMs)));
  }
}

function lay(bar, left, right) {
  bar.style.left = `${(100 * left).toFixed(2)}%`;
  bar.style.width = `${(100 * (right - left)).toFixed(2)}%`;
}

function CallRow({ call, number, chosen, flags, onChoose, link }) {
  const choose = (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || !onChoose) return;
    event.preventDefault();
    onChoose(call.id);
  };
  return html`<a class=${`fall ${chosen ? "chosen" : ""}`} role="row" href=${link} title=${tell(call, number)} aria-selected=${chosen} onClick=${choose}>
    <span class="number" role="gridcell">${number}</span>
    <span class="ends" role="gridcell"><${Mark} state=${call.state} label=${call.status >= 400 ? `failed with ${call.status}` : undefined} />${flags && html`<${Mark} state="flag" label=${flags.map((one) => one.name).join(", ")} />`}</span>
    <span class="what" role="gridcell">${call.agent ?? call.model ?? call.operation}${call.attempt > 0 && html` <small>try ${call.attempt + 1}</small>`}</span>
    <span class="track" role="gridcell" data-call=${call.id}><i class="wait" /><i class=${`span ${call.state}`} /></span>
    <span class="took" role="gridcell">${call.state === "open" ? "running" : duration(call.end_ms)}</span>
    <span class="first" role="gridcell">${duration(call.first_ms)}</span>
    <span class="tokens" role="gridcell">${short(call.input_tokens)}, ${short(call.output_tokens)}</span>
    <span class="cost" role="gridcell">${dollars(call.cost)}</span>
  </a>`;
}

/** The columns, and above the bars the pauses that are cut short. */
function Head({ cuts }) {
  return html`<div class="fall head" role="row">
    <span class="number" role="columnheader">#</span><span class="ends" /><span class="what" role="columnheader">Call</span>
    <span class="track" role="columnheader">${cuts.map(({ at, ms }) => html`<i key=${at} class="cut" style=${{ left: `${100 * at}%` }} title=${`nothing ran for ${duration(ms)}`}>${duration(ms)}</i>`)}</span>
    <span class="took" role="columnheader">Took</span><span class="first" role="columnheader">First content</span><span class="tokens" role="columnheader">Tokens in, out</span><span class="cost" role="columnheader">Cost</span>
  </div>`;
}

function tell(call, number) {
  const lines = [
    `Call ${number}: ${call.model ?? call.operation}${call.status ? `, status ${call.status}` : ""}`,
    `first content after ${duration(call.first_ms)}, ${duration(call.end_ms)} in all`,
    `${exact(call.input_tokens)} tokens in, ${exact(call.output_tokens)} out, ${dollars(call.cost)}`,
  ];
  return lines.join("\n");
}
