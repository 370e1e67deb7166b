// Whether anything is lost: what was relayed, recorded, dropped and is in flight, and why; and what is kept of it.
import { useGet } from "../base/api.js";
import { exact, percent, size } from "../base/format.js";
import { html, useEffect } from "../base/ui.js";
import { Mark } from "../parts/mark.js";
import { Trouble } from "../parts/trouble.js";

const EVERY_MS = 2000;

export default function Status() {
  const { value, error, reload } = useGet("/status");
  useEffect(() => {
    document.title = "Status – PandaProbe";
    const timer = setInterval(() => document.hidden || reload(), EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  if (error && !value) return html`<${Trouble} error=${error} retry=${reload} />`;
  if (!value) return null;
  const dropped = Object.entries(value.dropped);
  const lost = dropped.reduce((sum, [, count]) => sum + count, 0);
  return html`<div class="page">
    ${error && html`<p class="wrong">${error.message}</p>`}
    <section class=${`adds ${value.adds_up ? "" : "bad"}`} aria-live="polite">
      <h2><${Mark} state=${value.adds_up && !lost ? "ok" : value.adds_up ? "warn" : "error"} /> ${verdict(value, lost)}</h2>
      <p class="sum"><b>${exact(value.relayed)}</b> relayed = <b>${exact(value.recorded)}</b> recorded + <b>${exact(lost)}</b> dropped + <b>${exact(value.in_flight)}</b> in flight</p>
    </section>
    <${Facts} title="Dropped, by reason" facts=${dropped.map(([why, count]) => [why.replaceAll("_", " "), exact(count)])} none="Nothing was dropped." />
    <${Facts} title="Sessions, by what they are known by" facts=${Object.entries(value.session_sources ?? {}).map(([name, count]) => [name, exact(count)])} none="No sessions yet." />
    <${Facts} title="Recorder" facts=${[
      ["state", value.recorder_state.replaceAll("_", " ")],
      ["started again", exact(value.recorder_restarts)],
      ["between relay and recorder", `${size(value.ring_used)} of ${size(value.ring_capacity)}, ${percent(value.ring_used / value.ring_capacity)}`],
      ...(value.store_error ? [["store", value.store_error]] : []),
    ]} />
    <${Facts} title="Store" facts=${[
      ["calls", exact(value.calls)],
      ["sessions", exact(value.sessions)],
      ["on disk", value.store_limit ? `${size(value.store_bytes)} of ${size(value.store_limit)}` : size(value.store_bytes)],
      ["as it crossed the wire", size(value.raw_bytes)],
    ]} />
    <${Facts} title="Refused requests" facts=${Object.entries(value.refused ?? {}).map(([why, count]) => [why.replaceAll("_", " "), exact(count)])} none="None." />
    <${Facts} title="Secrets taken out, by rule" facts=${Object.entries(value.redactions ?? {}).map(([name, count]) => [name.replaceAll("_", " "), exact(count)])} none="No rules." />
    <${Facts} title="Upstreams" facts=${Object.entries(value.upstreams ?? {})} />
  </div>`;
}

function verdict(value, lost) {
  if (!value.adds_up) return "The numbers do not add up";
  return lost ? `It adds up, and ${exact(lost)} calls were not recorded` : "Everything that was relayed is recorded";
}

function Facts({ title, facts, none }) {
  return html`<section class="factlist"><h2>${title}</h2>
    ${facts.length ? html`<dl>${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>` : html`<p class="muted">${none}</p>`}
  </section>`;
}
