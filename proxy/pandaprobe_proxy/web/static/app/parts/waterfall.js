// Calls under each other, each with its bar: grey until its first content, coloured while it streamed.
// Time is laid out for the calls in sight, so that a bar is never too small to see; long pauses are cut and told.
import { dollars, duration, exact, short } from "../base/format.js";
import { html } from "../base/ui.js";
import { layTime } from "../base/timeline.js";
import { Mark } from "./mark.js";
import { Rows } from "./virtual.js";

export const CALL_HEIGHT = 24;

/**
 * @param {object} props
 * @param {import("../base/timeline.js").Timeline} props.timeline
 * @param {ReturnType<import("./virtual.js").useVirtual>} props.virtualizer
 * @param {string | null} props.chosen id of a call
 * @param {Map<string, object[]>} props.flags by call
 * @param {(callId: string) => void} props.onChoose
 */
export function Waterfall({ timeline, virtualizer, chosen, flags, onChoose, linkTo }) {
  const [first, last] = inSight(virtualizer, timeline.count);
  const nowMs = Date.now();
  const { place, cuts } = layTime(timeline, first, last, nowMs);
  const row = (index) => {
    const call = timeline.at(index);
    return html`<${CallRow} call=${call} number=${index + 1} place=${place} end=${timeline.endOf(index, nowMs)} chosen=${call.id === chosen} flags=${flags.get(call.id)} onChoose=${onChoose} link=${linkTo(call.id)} />`;
  };
  return html`<${Head} cuts=${cuts} /><${Rows} virtualizer=${virtualizer} row=${row} role="rowgroup" />`;
}

/** The first and the last place in sight, without those that are only kept ready. */
export function inSight(virtualizer, count) {
  const range = virtualizer.range;
  return range ? [range.startIndex, Math.min(range.endIndex, count - 1)] : [0, Math.min(count - 1, 30)];
}

function CallRow({ call, number, place, end, chosen, flags, onChoose, link }) {
  const choose = (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || !onChoose) return;
    event.preventDefault();
    onChoose(call.id);
  };
  return html`<a class=${`fall ${chosen ? "chosen" : ""}`} role="row" href=${link} title=${tell(call, number)} aria-selected=${chosen} onClick=${choose}>
    <span class="number" role="gridcell">${number}</span>
    <span class="marks" role="gridcell"><${Mark} state=${call.state} label=${call.status >= 400 ? `failed with ${call.status}` : undefined} />${flags && html`<${Mark} state="flag" label=${flags.map((one) => one.name).join(", ")} />`}</span>
    <span class="what" role="gridcell">${call.agent ?? call.model ?? call.operation}${call.attempt > 0 && html` <small>try ${call.attempt + 1}</small>`}</span>
    <span class="track" role="gridcell"><${Bar} call=${call} place=${place} end=${end} /></span>
    <span class="took" role="gridcell">${call.state === "open" ? "running" : duration(call.end_ms)}</span>
    <span class="first" role="gridcell">${duration(call.first_ms)}</span>
    <span class="tokens" role="gridcell">${short(call.input_tokens)}, ${short(call.output_tokens)}</span>
    <span class="cost" role="gridcell">${dollars(call.cost)}</span>
  </a>`;
}

function Bar({ call, place, end }) {
  const left = place(call.start_ms);
  const right = place(end);
  const first = call.first_ms == null ? left : place(call.start_ms + call.first_ms);
  const percent = (share) => `${(100 * share).toFixed(2)}%`;
  return html`
    ${first > left && html`<i class="wait" style=${{ left: percent(left), width: percent(first - left) }} />`}
    <i class=${`span ${call.state}`} style=${{ left: percent(first), width: percent(right - first) }} />
  `;
}

/** The columns, and above the bars the pauses that are cut short. */
function Head({ cuts }) {
  return html`<div class="fall head" role="row">
    <span class="number" role="columnheader">#</span><span class="marks" /><span class="what" role="columnheader">Call</span>
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
