// A session in one look: facts above, time on the left, what was said on the right.
import { at, get } from "../base/api.js";
import { useKeys } from "../base/keys.js";
import { togglePin } from "../base/prefs.js";
import { go, href, patch, route } from "../base/route.js";
import { html, useEffect } from "../base/ui.js";
import { showNote } from "../parts/note.js";
import { openTab, openTabNamed, Tabs } from "../parts/tabs.js";
import { expanded } from "../parts/text.js";
import { Trouble } from "../parts/trouble.js";
import { useFailures, useJudgements, useSession } from "./session_data.js";
import { Evaluations } from "./session_evaluations.js";
import { Head } from "./session_head.js";
import { Raw } from "./session_raw.js";
import { Reading } from "./session_reading.js";
import { TimelineTab } from "./session_timeline.js";
import { Tree } from "./session_tree.js";

const FIRST = "conversation";
const TABS = [
  ["conversation", "Conversation"],
  ["timeline", "Timeline"],
  ["tree", "Tree"],
  ["evaluations", "Evaluations"],
  ["raw", "Raw"],
];
const VIEWS = new Map([
  ["conversation", Reading],
  ["timeline", TimelineTab],
  ["tree", Tree],
  ["evaluations", Evaluations],
  ["raw", Raw],
]);

export default function Session({ id }) {
  return html`<${Loaded} key=${id} id=${id} />`;
}

function Loaded({ id }) {
  const data = useSession(id);
  const judgements = useJudgements(id);
  const failures = useFailures(id, data.session?.errors);
  useEffect(() => {
    document.title = `${id} – PandaProbe`;
    return () => (expanded.value = false);
  }, [id]);
  useSessionKeys(id);
  if (data.error && !data.session) return html`<${Trouble} error=${data.error} />`;
  const View = VIEWS.get(openTab(FIRST)) ?? Reading;
  return html`<div class="session">
    <${Head} id=${id} session=${data.session} timeline=${data.timeline} judged=${judgements.judged} />
    <${Tabs} tabs=${TABS} first=${FIRST} />
    <section class="tab" role="tabpanel" aria-labelledby=${`tab-${openTab(FIRST)}`}>
      ${data.timeline && html`<${View} id=${id} data=${data} judgements=${judgements} failures=${failures} />`}
    </section>
  </div>`;
}

function useSessionKeys(id) {
  const tab = (name) => () => openTabNamed(name, FIRST);
  const { query } = route.value;
  useKeys("Session", [
    { keys: "c", does: "Conversation", run: tab("conversation") },
    { keys: "t", does: "Timeline", run: tab("timeline") },
    { keys: "T", does: "Tree", run: tab("tree") },
    { keys: "v", does: "Evaluations", run: tab("evaluations") },
    { keys: "r", does: "Raw", run: tab("raw") },
    { keys: "[", does: "Previous session", run: () => goBeside("previous") },
    { keys: "]", does: "Next session", run: () => goBeside("next") },
    { keys: ".", does: "Pin", run: () => togglePin(id) },
    { keys: "e", does: "Show everything whole, or cut", run: () => (expanded.value = !expanded.value) },
    { keys: "m", does: "Markdown rendered or plain", run: () => patch({ md: query.get("md") ? null : "1" }) },
  ]);
}

/** To the session before or after in the list that one came from. */
async function goBeside(side) {
  const [, id] = route.value.path; // not what is shown: keys may come faster than screens
  const { query } = route.value;
  const list = { where: query.get("where"), sort: query.get("sort") };
  const beside = await get(at("sessions", id, "neighbours"), list).catch((error) => showNote(error.message));
  if (beside?.[side]) go(href(["sessions", beside[side]], { ...list, tab: query.get("tab") }), true);
  else if (beside) showNote(side === "next" ? "This is the last session" : "This is the first session");
}
