// What stands under what: agents, calls, the tools that a call asked for, the sessions that it began.
import { at, useGet } from "../base/api.js";
import { duration, exact, oneLine } from "../base/format.js";
import { useKeys } from "../base/keys.js";
import { go, href } from "../base/route.js";
import { html, useMemo, useRef, useState } from "../base/ui.js";
import { Mark } from "../parts/mark.js";
import { Trouble } from "../parts/trouble.js";
import { Rows, useVirtual } from "../parts/virtual.js";

const NODE_HEIGHT = 26;
const STEP = 18;

export function Tree({ id, data }) {
  const { value, error } = useGet(at("sessions", id, "tree"));
  if (error) return html`<${Trouble} error=${error} />`;
  return value && html`<${Grown} root=${value} timeline=${data.timeline} />`;
}

function Grown({ root, timeline }) {
  const scroller = useRef(null);
  const [closed, setClosed] = useState(new Set());
  const [at, setAt] = useState(0);
  const nodes = useMemo(() => flatten(root, closed), [root, closed]);
  const virtualizer = useVirtual({ count: nodes.length, rowHeight: NODE_HEIGHT, scroller, keyOf: (index) => nodes[index].path });
  const stamp = useMemo(() => ({}), [nodes, at, timeline]);
  const toggle = (path) => {
    const next = new Set(closed);
    if (!next.delete(path)) next.add(path);
    setClosed(next);
  };
  const move = (by) => () => {
    const next = Math.max(0, Math.min(nodes.length - 1, at + by));
    setAt(next);
    virtualizer.scrollToIndex(next);
  };
  const open = () => nodes[at] && (linkOf(nodes[at].node) ? go(linkOf(nodes[at].node)) : toggle(nodes[at].path));
  useKeys("Tree", [
    { keys: "j", does: "Next", run: move(1) },
    { keys: "k", does: "Previous", run: move(-1) },
    { keys: "enter", does: "Open", run: open },
    { keys: "o", does: "Open", run: open },
    { keys: "space", does: "Fold", run: () => nodes[at] && toggle(nodes[at].path) },
  ]);
  return html`<div class="tree" ref=${scroller} role="tree" aria-label="What stands under what">
    <${Rows} virtualizer=${virtualizer} stamp=${stamp} row=${(index) => html`<${Line} ...${nodes[index]} timeline=${timeline} chosen=${index === at} onToggle=${toggle} />`} />
    ${root.left_off > 0 && html`<p class="muted">${exact(root.left_off)} more are not shown.</p>`}
  </div>`;
}

/** The nodes that show, in order, each with its depth. Iterative: a tree may be deep. */
function flatten(root, closed) {
  const found = [];
  const waiting = root.children.map((node, index) => ({ node, depth: 0, path: `${index}` })).reverse();
  while (waiting.length) {
    const one = waiting.pop();
    one.folded = closed.has(one.path);
    found.push(one);
    if (one.folded) continue;
    for (let index = one.node.children.length - 1; index >= 0; index -= 1) {
      waiting.push({ node: one.node.children[index], depth: one.depth + 1, path: `${one.path}.${index}` });
    }
  }
  return found;
}

function linkOf(node) {
  if (node.kind === "CALL") return href(["calls", node.name]);
  return node.kind === "SESSION" ? href(["sessions", node.name]) : null;
}

function Line({ node, depth, path, folded, timeline, chosen, onToggle }) {
  return html`<div class=${`node ${chosen ? "chosen" : ""}`} role="treeitem" aria-level=${depth + 1} aria-expanded=${node.children.length ? !folded : null} style=${{ paddingLeft: `${8 + depth * STEP}px` }}>
    <button type="button" class="fold" aria-label=${folded ? "Unfold" : "Fold"} disabled=${!node.children.length} onClick=${() => onToggle(path)}>${folded ? "▸" : "▾"}</button>
    <span class="kind">${node.kind.toLowerCase()}</span>
    ${node.kind === "CALL" ? html`<${CallNode} node=${node} timeline=${timeline} />` : node.tool ? html`<${ToolNode} tool=${node.tool} />` : linkOf(node) ? html`<a href=${linkOf(node)}>${node.name}</a>` : html`<b>${node.name}</b>`}
  </div>`;
}

function CallNode({ node, timeline }) {
  const place = timeline.placeOf(node.name);
  const call = place < 0 ? null : timeline.at(place);
  return html`${call && html`<${Mark} state=${call.state} />`} <a href=${linkOf(node)}>${call ? `${place + 1}  ${call.model ?? call.operation}` : node.name}</a>
    ${call && html`<span class="muted">${duration(call.end_ms)}</span>`}${node.branch > 1 && html` <span class="muted">branch ${node.branch}</span>`}`;
}

/** A tool that ran: what it was asked, how long it took, and whether anybody was shown its result. */
function ToolNode({ tool }) {
  return html`<b>${tool.name}</b> <code>${oneLine(tool.input, 60)}</code>
    <span class="muted">${duration(tool.latency_ms)}</span>
    ${tool.used_by ? html`<span class="muted">→ ${oneLine(tool.output, 80)}</span>` : html`<span class="warning"><${Mark} state="warn" /> its result was never shown</span>`}`;
}
