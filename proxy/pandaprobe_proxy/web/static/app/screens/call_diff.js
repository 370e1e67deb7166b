// What this call asks otherwise than the one before: messages first, inside a changed one word by word, then the rest.
import { at, useGet } from "../base/api.js";
import { plural } from "../base/format.js";
import { href } from "../base/route.js";
import { html, useEffect, useState } from "../base/ui.js";
import { Json } from "../parts/json.js";
import { Message } from "../parts/message.js";
import { Trouble } from "../parts/trouble.js";

const SIGNS = new Map([
  ["added", "+"],
  ["changed", "~"],
  ["dropped", "−"],
  ["same", "="],
]);
const MOST_CHARS = 40_000;

export function Diff({ id }) {
  const { value, error } = useGet(at("calls", id, "diff"));
  if (error) return html`<${Trouble} error=${error} />`;
  if (!value) return null;
  if (!value.previous) return html`<div class="page"><p class="muted">This is the first call of its session: there is nothing to compare it with.</p></div>`;
  const { tools, parameters } = value;
  return html`<div class="page whole">
    <p>Compared with <a href=${href(["calls", value.previous])}>call ${value.previous.slice(-12)}</a>${value.why === "follows" ? ", which this one goes on from." : ", the one before it in the session."}</p>
    ${value.cache && html`<p class=${value.cache.broken_at ? "cache broken" : "cache"}><b>${value.cache.broken_at ? "Prompt cache broken." : "Prompt cache holds."}</b> ${value.cache.sentence}</p>`}
    <${Named} title="Parameters" changes=${parameters} />
    <${Named} title="Tools" changes=${tools} />
    <h2>Messages</h2>
    ${group(value.messages).map((part, index) => html`<${Part} key=${index} changes=${part} />`)}
    ${!value.messages.length && html`<p class="muted">No messages to compare.</p>`}
  </div>`;
}

/** Stretches of what is the same are one line each. */
function group(changes) {
  const parts = [];
  for (const change of changes) {
    const last = parts.at(-1);
    if (change.op === "same" && last?.[0].op === "same") last.push(change);
    else parts.push([change]);
  }
  return parts;
}

function Part({ changes }) {
  const [first] = changes;
  if (first.op === "same") {
    return html`<details class="folded"><summary>${plural(changes.length, "message")} the same</summary>${changes.map((one, index) => html`<${Message} key=${index} message=${one.after} />`)}</details>`;
  }
  return html`<section class=${`change ${first.op}`} aria-label=${first.op}>
    <span class="sign" title=${first.op}>${SIGNS.get(first.op)}</span>
    ${first.op === "changed" ? html`<${Changed} change=${first} />` : html`<${Message} message=${first.after ?? first.before} />`}
  </section>`;
}

function Changed({ change }) {
  const [before, after] = [write(change.before), write(change.after)];
  return html`<div class="words"><span class="role">${change.role}</span><${Words} before=${before} after=${after} /></div>`;
}

/** A message as text to compare: what was said, else what it holds. */
function write(message) {
  const calls = message.tool_calls.map((call) => `→ ${call.name} ${call.arguments}`);
  const said = typeof message.content === "string" ? message.content : message.content == null ? "" : JSON.stringify(message.content, null, 2);
  return [said, message.refusal, ...calls].filter(Boolean).join("\n");
}

/** The library is fetched when the first text is compared; what is too long is shown one after the other. */
export function Words({ before, after }) {
  const [parts, setParts] = useState(null);
  useEffect(() => {
    let gone = false;
    const long = before.length + after.length > MOST_CHARS;
    const whole = [{ value: before, removed: true }, { value: after, added: true }];
    if (long) setParts(whole);
    else import("../../vendor/diff.js").then(({ diffWordsWithSpace }) => gone || setParts(diffWordsWithSpace(before, after)));
    return () => (gone = true);
  }, [before, after]);
  return html`<p class="compared">${parts?.map(({ value, added, removed }, index) => (added ? html`<ins key=${index}>${value}</ins>` : removed ? html`<del key=${index}>${value}</del>` : value))}</p>`;
}

function Named({ title, changes }) {
  const changed = changes.filter((one) => one.op !== "same");
  if (!changed.length) return changes.length ? html`<p class="muted">${title}: the same.</p>` : null;
  return html`<h2>${title}</h2>${changed.map((one) => html`<section key=${one.name} class=${`change ${one.op}`}>
    <span class="sign" title=${one.op}>${SIGNS.get(one.op)}</span>
    <div class="words"><b>${one.name}</b>${one.op === "changed" ? html`<${Words} before=${JSON.stringify(one.before, null, 2)} after=${JSON.stringify(one.after, null, 2)} />` : html`<${Json} value=${one.after ?? one.before} open=${0} />`}</div>
  </section>`)}`;
}
