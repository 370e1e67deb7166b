// One call whole: what was asked and answered, what changed since the call before, when what came, and its bytes.
import { at, get, useGet } from "../base/api.js";
import { useKeys } from "../base/keys.js";
import { listen } from "../base/live.js";
import { go, href, patch, route } from "../base/route.js";
import { html, useEffect } from "../base/ui.js";
import { showNote } from "../parts/note.js";
import { openTab, openTabNamed, Tabs } from "../parts/tabs.js";
import { expanded } from "../parts/text.js";
import { Trouble } from "../parts/trouble.js";
import { Diff } from "./call_diff.js";
import { Head } from "./call_head.js";
import { Messages } from "./call_messages.js";
import { Headers, Raw } from "./call_raw.js";
import { Timing } from "./call_timing.js";

const FIRST = "messages";
const TABS = [
  ["messages", "Messages"],
  ["diff", "Changes"],
  ["timing", "Timing"],
  ["headers", "Headers"],
  ["raw", "Raw"],
];
const VIEWS = new Map([
  ["messages", Messages],
  ["diff", Diff],
  ["timing", Timing],
  ["headers", Headers],
  ["raw", Raw],
]);

export default function Call({ id }) {
  return html`<${Loaded} key=${id} id=${id} />`;
}

function Loaded({ id }) {
  const { value: call, error, reload } = useGet(at("calls", id));
  useEffect(() => {
    document.title = `Call ${id} – PandaProbe`;
    const end = listen("call", (calls) => calls.some((one) => one.call_id === id) && reload());
    return () => {
      expanded.value = false;
      end();
    };
  }, [id]);
  useCallKeys(id, call);
  if (error && !call) return html`<${Trouble} error=${error} />`;
  const View = VIEWS.get(openTab(FIRST)) ?? Messages;
  return html`<div class="session">
    <${Head} id=${id} call=${call} />
    <${Tabs} tabs=${TABS} first=${FIRST} />
    <section class="tab scrolls" role="tabpanel" aria-labelledby=${`tab-${openTab(FIRST)}`}>
      ${call && html`<${View} key=${openTab(FIRST)} id=${id} call=${call} />`}
    </section>
  </div>`;
}

function useCallKeys(id, call) {
  const tab = (name) => () => openTabNamed(name, FIRST);
  const up = () => go(call ? href(["sessions", call.session_id], { call: id }) : href(["sessions"]));
  useKeys("Call", [
    { keys: "c", does: "Messages", run: tab("messages") },
    { keys: "d", does: "Changes since the call before", run: tab("diff") },
    { keys: "t", does: "Timing", run: tab("timing") },
    { keys: "h", does: "Headers", run: tab("headers") },
    { keys: "r", does: "Raw", run: tab("raw") },
    { keys: "[", does: "Call before", run: () => goBeside("previous") },
    { keys: "]", does: "Call after", run: () => goBeside("next") },
    { keys: "e", does: "Show everything whole, or cut", run: () => (expanded.value = !expanded.value) },
    { keys: "m", does: "Markdown rendered or plain", run: () => patch({ md: route.value.query.get("md") ? null : "1" }) },
    { keys: "u", does: "Its session", run: up },
    { keys: "esc", does: "Its session", run: up },
  ]);
}

async function goBeside(side) {
  const [, id] = route.value.path; // not what is shown: keys may come faster than screens
  const beside = await get(at("calls", id, "neighbours")).catch((error) => showNote(error.message));
  if (beside?.[side]) go(href(["calls", beside[side]], { tab: route.value.query.get("tab") }), true);
  else if (beside) showNote(side === "next" ? "This is the last call of the session" : "This is the first call of the session");
}
