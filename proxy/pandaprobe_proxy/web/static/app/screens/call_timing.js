// When what came: each moment of the call, and its pieces one by one.
import { at, useGet } from "../base/api.js";
import { duration, exact, size } from "../base/format.js";
import { html } from "../base/ui.js";

const NAMES = new Map([
  ["sent", "Request sent"],
  ["head", "Answer's head"],
  ["first_byte", "First byte"],
  ["first_event", "First event"],
  ["first_content", "First words"],
  ["first_tool", "First tool call"],
  ["last_byte", "Last byte"],
  ["ended", "Ended"],
]);
const [WIDTH, HEIGHT] = [1000, 160];

export function Timing({ id, call }) {
  const marks = [...NAMES].filter(([name]) => call.marks[name] != null).map(([name, title]) => ({ title, ms: call.marks[name] / 1e6 }));
  const whole = Math.max(1e-6, ...marks.map((mark) => mark.ms));
  const { value: chunks } = useGet(at("calls", id, "chunks"));
  return html`<div class="page whole">
    <table class="marks"><tbody>
      ${marks.map(({ title, ms }, index) => html`<tr key=${title}><th scope="row">${title}</th><td>${duration(ms)}</td><td class="muted">+${duration(ms - (marks[index - 1]?.ms ?? 0))}</td><td class="when"><svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true"><rect x=${((marks[index - 1]?.ms ?? 0) / whole) * 1000} width=${Math.max(2, ((ms - (marks[index - 1]?.ms ?? 0)) / whole) * 1000)} height="10" /></svg></td></tr>`)}
    </tbody></table>
    <${Speed} call=${call} />
    ${chunks && html`<${Scatter} chunks=${chunks} />`}
  </div>`;
}

function Speed({ call }) {
  const { first_content: first, first_tool: tool, last_byte: last } = call.marks;
  const took = (last - (first ?? tool)) / 1e9;
  if (!call.streamed || !(took > 0) || !call.usage.output) return null;
  return html`<p>${exact(Math.round(call.usage.output / took))} tokens a second while it streamed.</p>`;
}

/** Pieces of the answer: when each came, and how large it was. The hover names the longest wait. */
function Scatter({ chunks }) {
  const { at_ms: at, bytes } = chunks;
  if (at.length < 2) return html`<p class="muted">The answer came in ${at.length === 1 ? "one piece" : "no pieces that were kept"}.</p>`;
  const end = at.at(-1) || 1;
  const most = Math.max(...bytes);
  const wait = at.reduce((found, ms, index) => (index && ms - at[index - 1] > found.ms ? { ms: ms - at[index - 1], index } : found), { ms: 0, index: 0 });
  const x = (ms) => (ms / end) * WIDTH;
  const y = (count) => HEIGHT - 6 - Math.sqrt(count / most) * (HEIGHT - 16);
  const dots = at.map((ms, index) => `M${x(ms).toFixed(1)} ${y(bytes[index]).toFixed(1)}h.01`).join("");
  return html`<figure class="scatter">
    <svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label=${`${at.length} pieces over ${duration(end)}`}>
      <rect class="wait" x=${x(at[wait.index - 1] ?? 0)} width=${x(wait.ms)} height=${HEIGHT} />
      <path d=${dots} />
    </svg>
    <figcaption class="muted">${exact(at.length)} pieces over ${duration(end)}, up to ${size(most)} each; the longest wait between two was ${duration(wait.ms)}</figcaption>
  </figure>`;
}
