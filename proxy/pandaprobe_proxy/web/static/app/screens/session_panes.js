// The two panes of a session. Each scrolls by itself and draws by itself: a step of one is no work for the other.
import { href } from "../base/route.js";
import { html, useCallback, useEffect, useMemo, useRef } from "../base/ui.js";
import { useVirtual } from "../parts/virtual.js";
import { CALL_HEIGHT, inSight, Waterfall } from "../parts/waterfall.js";
import { Conversation, useConversation } from "./session_conversation.js";

const GUESSED_HEIGHT = 150;

const linkTo = (callId) => href(["calls", callId]);

/** The waterfall. It goes along with what is read, and never the other way round. */
export function Falls({ timeline, version, follow, seen, panes, chosen, flags, onChoose }) {
  const scroller = useRef(null);
  const keyOf = useCallback((index) => timeline.ids[index], [timeline, version]);
  const virtualizer = useVirtual({ count: timeline.count, rowHeight: CALL_HEIGHT, scroller, keyOf, follow });
  panes.falls = (index) => keepInSight(scroller.current, index);
  useEffect(() => seen.subscribe(([first]) => keepInSight(scroller.current, first)), [seen]);
  return html`<div class="falls" ref=${scroller} role="grid" aria-label="Calls by time">
    <${Waterfall} timeline=${timeline} version=${version} virtualizer=${virtualizer} chosen=${chosen} flags=${flags} linkTo=${linkTo} onChoose=${onChoose} />
  </div>`;
}

/** Rows have one height, so where one stands needs no measuring. A row of the head covers the first one in sight. */
function keepInSight(scroller, index) {
  if (!scroller) return;
  const top = index * CALL_HEIGHT;
  const room = scroller.clientHeight - 2 * CALL_HEIGHT;
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  else if (top > scroller.scrollTop + room) scroller.scrollTop = top - room;
}

export function Talk({ id, timeline, version, changed, follow, seen, panes, chosen, flags, failures }) {
  const scroller = useRef(null);
  const keyOf = useCallback((index) => timeline.ids[index], [timeline, version]);
  const virtualizer = useVirtual({ count: timeline.count, rowHeight: GUESSED_HEIGHT, scroller, keyOf, follow });
  panes.talk = (index, align) => virtualizer.scrollToIndex(index, { align });
  const [first, last] = inSight(virtualizer, timeline.count);
  useEffect(() => {
    seen.value = [first, last];
  }, [first, last]);
  const { additions, turn } = useConversation(id, timeline, changed, [first, last], virtualizer.isScrolling);
  const stamp = useMemo(() => ({}), [timeline, version, turn, chosen, flags, failures]);
  return html`<div class="talk" ref=${scroller} tabindex="0" role="region" aria-label="Conversation">
    <${Conversation} timeline=${timeline} virtualizer=${virtualizer} stamp=${stamp} additions=${additions} chosen=${chosen} flags=${flags} failures=${failures} linkTo=${linkTo} />
  </div>`;
}
