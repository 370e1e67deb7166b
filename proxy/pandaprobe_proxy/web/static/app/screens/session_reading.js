// The conversation beside the waterfall: what one reads on the right is what is in sight on the left.
import { useKeys } from "../base/keys.js";
import { go, href, patch, route } from "../base/route.js";
import { html, useEffect, useRef, useSignal, useState } from "../base/ui.js";
import { useChosen } from "../parts/chosen.js";
import { Minimap } from "../parts/minimap.js";
import { Empty } from "../parts/trouble.js";
import { Falls, Talk } from "./session_panes.js";

export function Reading(props) {
  if (props.data.timeline.count) return html`<${Panes} ...${props} />`;
  return html`<${Empty} title="No calls in this session"><p>Its traces were posted by an SDK; Raw has them.</p><//>`;
}

function Panes({ id, data, judgements, failures }) {
  const { timeline, version } = data;
  const seen = useSignal([0, -1]);
  const panes = useRef({ falls: null, talk: null });
  const follow = route.value.query.get("follow") === "1";
  const show = (index) => {
    panes.current.talk(index, "start");
    panes.current.falls(index);
  };
  const chosen = useChosen(timeline.ids, show, "call");
  const jump = (callId) => {
    chosen.choose(callId);
    show(timeline.placeOf(callId));
  };
  useFirstPlace(timeline, chosen, show, follow);
  useReadingKeys(timeline, chosen, seen, follow);
  const shared = { timeline, version, follow, seen, panes: panes.current, chosen: chosen.id, flags: judgements.flags };
  return html`<div class="reading">
    <${Minimap} timeline=${timeline} version=${version} flagged=${judgements.flags} seen=${seen} onGo=${(index) => jump(timeline.ids[index])} />
    <${Falls} ...${shared} onChoose=${jump} />
    <${Talk} ...${shared} id=${id} changed=${data.changed} failures=${failures} />
    <${Later} timeline=${timeline} version=${version} seen=${seen} follow=${follow} onShow=${() => panes.current.talk(timeline.count - 1, "end")} />
  </div>`;
}

/** Where the link leads: its call, or the beginning; where one follows, the end. */
function useFirstPlace(timeline, chosen, show, follow) {
  useEffect(() => {
    const place = follow ? timeline.count - 1 : timeline.placeOf(chosen.id);
    if (place > 0) show(place);
  }, [timeline]);
}

function useReadingKeys(timeline, chosen, seen, follow) {
  const reading = () => chosen.id ?? timeline.ids[seen.value[0]];
  const move = (by) => () => (chosen.index < 0 ? chosen.choose(reading()) : chosen.move(by));
  const open = (tab) => () => reading() && go(href(["calls", reading()], { tab }));
  useKeys("Calls", [
    { keys: "j", does: "Next call", run: move(1) },
    { keys: "k", does: "Previous call", run: move(-1) },
    { keys: "n", does: "Next that failed or still runs", run: () => chosen.moveTo(nextOdd(timeline, chosen.index)) },
    { keys: "enter", does: "Open the call", run: open(null) },
    { keys: "o", does: "Open the call", run: open(null) },
    { keys: "d", does: "What changed since the call before", run: open("diff") },
    { keys: "F", does: "Follow what comes", run: () => patch({ follow: follow ? null : "1" }) },
  ]);
}

/** The next call that did not end well, from the beginning again after the last; -1 if all did. */
function nextOdd(timeline, from) {
  const { state } = timeline.columns;
  const later = state.findIndex((one, index) => index > from && one !== "ok");
  return later < 0 ? state.findIndex((one) => one !== "ok") : later;
}

/** How many calls came below what one reads. */
function Later({ timeline, version, seen, follow, onShow }) {
  const [known, setKnown] = useState(timeline.count);
  const atEnd = seen.value[1] >= timeline.count - 1;
  useEffect(() => {
    if (atEnd) setKnown(timeline.count);
  }, [atEnd, version, timeline]);
  const count = timeline.count - known;
  return html`<div class="later" aria-live="polite">${count > 0 && !follow && html`<button type="button" onClick=${onShow}>${count} new ↓</button>`}</div>`;
}
