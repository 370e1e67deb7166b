// A message as people read it: who, what, which tools. Everything that a call holds may be shown by it.
import { size } from "../base/format.js";
import { html } from "../base/ui.js";
import { Json, parseJson } from "./json.js";
import { Text } from "./text.js";

const ROLES = new Set(["user", "assistant", "tool", "system", "developer"]);
const ORDINARY_ENDS = new Set([null, undefined, "", "stop", "end_turn", "tool_calls", "tool_use", "STOP", "completed", "COMPLETE", "TOOL_CALL"]);
const LINE_CHARS = 120;

/** @param {{message: object}} props as the sidecar decodes it */
export function Message({ message }) {
  const role = ROLES.has(message.role) ? message.role : "other";
  return html`<article class=${`message ${role}`}>
    <span class="role">${message.role}</span>
    <div class="body">
      <${About} message=${message} />
      ${message.reasoning && html`<details class="reasoning"><summary>Reasoning, ${size(message.reasoning.length)}</summary><${Text} text=${message.reasoning} /></details>`}
      <${Content} content=${message.content} role=${message.role} />
      ${message.refusal && html`<div class="refusal"><b>Refused</b><${Text} text=${message.refusal} /></div>`}
      ${message.tool_calls?.map((call) => html`<${ToolCall} key=${call.id} call=${call} />`)}
    </div>
  </article>`;
}

/** Who by name, which tool call this answers, and why an answer ended, where that is worth a look. */
function About({ message }) {
  const ended = ORDINARY_ENDS.has(message.finish_reason) ? null : message.finish_reason;
  if (!message.name && !message.tool_call_id && !ended) return null;
  return html`<p class="about">
    ${message.name && html`<span>${message.name}</span>`}
    ${message.tool_call_id && html`<span>result of ${message.tool_call_id}</span>`}
    ${ended && html`<span class="warning">ended by ${ended}</span>`}
  </p>`;
}

function Content({ content, role }) {
  if (content == null || content === "") return null;
  if (typeof content === "string") return role === "tool" ? html`<${Written} text=${content} />` : html`<${Text} text=${content} />`;
  if (Array.isArray(content)) return content.map((part, index) => html`<${Part} key=${index} part=${part} role=${role} />`);
  return html`<${Json} value=${content} />`;
}

function Part({ part, role }) {
  if (typeof part === "string") return html`<${Text} text=${part} />`;
  if (typeof part?.text === "string" && !part.thought) return role === "tool" ? html`<${Written} text=${part.text} />` : html`<${Text} text=${part.text} />`;
  const media = findMedia(part);
  if (media) return html`<span class="pill" title=${`sha256 ${media.sha256}`}>${media.type}, ${size(media.bytes)}</span>`;
  return html`<${Json} value=${part} name=${part?.type} open=${0} />`;
}

/** What stands for an image, a sound or a file: its type, size and hash. */
function findMedia(value, depth = 0) {
  if (value === null || typeof value !== "object" || depth > 3) return null;
  if (typeof value.sha256 === "string" && typeof value.bytes === "number") return value;
  return Object.values(value).reduce((found, item) => found ?? findMedia(item, depth + 1), null);
}

/** What is JSON, as a tree; what fits on a line stays as it was written. */
function Written({ text }) {
  const value = text.length > LINE_CHARS ? parseJson(text) : undefined;
  if (value !== undefined) return html`<${Json} value=${value} />`;
  return text.length > LINE_CHARS || text.includes("\n") ? html`<${Text} text=${text} plain />` : html`<code class="line"><${Text} text=${text} plain /></code>`;
}

function ToolCall({ call }) {
  return html`<div class="call" title=${call.id}><span class="muted" aria-hidden="true">→ </span><b>${call.name}</b> <${Written} text=${call.arguments} /></div>`;
}
