// The waterfall over the whole width, with the numbers of every call.
import { useKeys } from "../base/keys.js";
import { go, href } from "../base/route.js";
import { html, useCallback, useEffect, useRef, useSignal } from "../base/ui.js";
import { useChosen } from "../parts/chosen.js";
import { Minimap } from "../parts/minimap.js";
import { useVirtual } from "../parts/virtual.js";
import { CALL_HEIGHT, inSight, Waterfall } from "../parts/waterfall.js";

export function TimelineTab({ data, judgements }) {
  const { timeline, version } = data;
  const scroller = useRef(null);
  const keyOf = useCallback((index) => timeline.ids[index], [timeline, version]);
  const virtualizer = useVirtual({ count: timeline.count, rowHeight: CALL_HEIGHT, scroller, keyOf });
  const show = (index) => virtualizer.scrollToIndex(index);
  const chosen = useChosen(timeline.ids, show, "call");
  const linkTo = (callId) => href(["calls", callId]);
  const open = () => chosen.id && go(linkTo(chosen.id));
  useKeys("Calls", [
    { keys: "j", does: "Next call", run: () => chosen.move(1) },
    { keys: "k", does: "Previous call", run: () => chosen.move(-1) },
    { keys: "enter", does: "Open the call", run: open },
    { keys: "o", does: "Open the call", run: open },
    { keys: "d", does: "What changed since the call before", run: () => chosen.id && go(href(["calls", chosen.id], { tab: "diff" })) },
  ]);
  const seen = useSignal([0, -1]);
  const [first, last] = inSight(virtualizer, timeline.count);
  useEffect(() => {
    seen.value = [first, last];
  }, [first, last]);
  return html`<div class="reading wide">
    <${Minimap} timeline=${timeline} version=${version} flagged=${judgements.flags} seen=${seen} onGo=${show} />
    <div class="falls" ref=${scroller} role="grid" aria-label="Calls by time">
      <${Waterfall} timeline=${timeline} version=${version} virtualizer=${virtualizer} chosen=${chosen.id} flags=${judgements.flags} linkTo=${linkTo} />
    </div>
  </div>`;
}
