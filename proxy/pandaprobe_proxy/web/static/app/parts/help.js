// The keys that hold right now, on `?`.
import { layers } from "../base/keys.js";
import { html, useState } from "../base/ui.js";
import { Over } from "./over.js";

export function Help({ onClose }) {
  const [shown] = useState(() => [...layers.value].reverse());
  return html`<${Over} title="Keys" onClose=${onClose} bindings=${[{ keys: "?", does: "Close", run: onClose }]}>
    <h2>Keys</h2>
    <div class="keys">
      ${shown.map((layer) => html`<section key=${layer.name}>
        <h3>${layer.name}</h3>
        <dl>${layer.bindings.current.map((one) => html`<div key=${one.keys}><dt>${one.keys.split(" ").map((key) => html`<kbd>${key}</kbd>`)}</dt><dd>${one.does}</dd></div>`)}</dl>
      </section>`)}
    </div>
  <//>`;
}
