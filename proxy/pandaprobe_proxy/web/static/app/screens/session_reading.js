// The conversation beside the waterfall: what one reads on the right is what is marked on the left.
import { href, patch, route } from "../base/route.js";
import { html, useCallback, useEffect, useRef, useState } from "../base/ui.js";
import { useKeys } from "../base/keys.js";
import { go } from "../base/route.js";
import { useChosen } from "../parts/chosen.js";
import { Minimap } from "../parts/minimap.js";
import { useVirtual } from "../parts/virtual.js";
import { CALL_HEIGHT, inSight, Waterfall } from "../parts/waterfall.js";
import { Conversation, useConversation } from "./session_conversation.js";

const GUESSED_HEIGHT = 150;

export function Reading({ id, data, judgements, failures }) {
  const { timeline, version } = data;
  const keyOf = useCallback((index) => timeline.ids[index], [timeline, version]);
  const [left, right] = [useRef(null), useRef(null)];
  const follow = route.value.query.get("follow") === "1";
  const falls = useVirtual({ count: timeline.count, rowHeight: CALL_HEIGHT, scroller: left, keyOf, follow });
  const talk = useVirtual({ count: timeline.count, rowHeight: GUESSED_HEIGHT, scroller: right, keyOf, follow });
  const show = (index) => {
    talk.scrollToIndex(index, { align: "start" });
    falls.scrollToIndex(index);
  };
  const chosen = useChosen(timeline.ids, show, "call");
  const seen = inSight(talk, timeline.count);
  const additions = useConversation(id, timeline, data.changed, seen, talk.isScrolling);
  useFirstPlace(timeline, chosen, show, follow);
  useEffect(() => falls.scrollToIndex(seen[0]), [seen[0]]);
  const jump = (callId) => {
    chosen.choose(callId);
    show(timeline.placeOf(callId));
  };
  useReadingKeys(timeline, chosen, seen, follow);
  const linkTo = (callId) => href(["calls", callId]);
  return html`<div class="reading">
    <${Minimap} timeline=${timeline} version=${version} flagged=${judgements.flags} seen=${seen} onGo=${(index) => jump(timeline.ids[index])} />
    <div class="falls" ref=${left} role="grid" aria-label="Calls by time">
      <${Waterfall} timeline=${timeline} virtualizer=${falls} chosen=${chosen.id} flags=${judgements.flags} linkTo=${linkTo} onChoose=${jump} />
    </div>
    <div class="talk" ref=${right} tabindex="0" aria-label="Conversation">
      <${Conversation} timeline=${timeline} virtualizer=${talk} additions=${additions} chosen=${chosen.id} flags=${judgements.flags} failures=${failures} linkTo=${linkTo} />
    </div>
    <${Later} timeline=${timeline} last=${seen[1]} follow=${follow} onShow=${() => talk.scrollToIndex(timeline.count - 1, { align: "end" })} />
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
  const reading = chosen.id ?? timeline.ids[seen[0]];
  const move = (by) => () => (chosen.index < 0 ? chosen.choose(reading) : chosen.move(by));
  const open = (tab) => () => reading && go(href(["calls", reading], { tab }));
  useKeys("Calls", [
    { keys: "j", does: "Next call", run: move(1) },
    { keys: "k", does: "Previous call", run: move(-1) },
    { keys: "n", does: "Next that failed or is pointed at", run: () => jumpTo(timeline, chosen, (state) => state !== "ok") },
    { keys: "enter", does: "Open the call", run: open(null) },
    { keys: "o", does: "Open the call", run: open(null) },
    { keys: "d", does: "What changed since the call before", run: open("diff") },
    { keys: "F", does: "Follow what comes", run: () => patch({ follow: follow ? null : "1" }) },
  ]);
}

/** The next call after the chosen one that fits, from the beginning again after the last. */
function jumpTo(timeline, chosen, fits) {
  const { state } = timeline.columns;
  for (let step = 1; step <= timeline.count; step += 1) {
    const index = (Math.max(chosen.index, -1) + step) % timeline.count;
    if (fits(state[index])) return chosen.move(index - Math.max(chosen.index, 0), index);
  }
}

/** How many calls came below what one reads. */
function Later({ timeline, last, follow, onShow }) {
  const [known, setKnown] = useState(timeline.count);
  const atEnd = last >= timeline.count - 1;
  useEffect(() => {
    if (atEnd) setKnown(timeline.count);
  }, [atEnd, timeline.count]);
  const count = timeline.count - known;
  return html`<div class="later" aria-live="polite">${count > 0 && !follow && html`<button type="button" onClick=${onShow}>${count} new ↓</button>`}</div>`;
}
