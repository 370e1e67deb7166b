// Long lists: only the rows in sight are in the page. Rows may have any height; those above never push what one reads.
import { html, useLayoutEffect, useRef, useState } from "../base/ui.js";
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from "../../vendor/virtual-core.js";

const OVERSCAN_ROWS = 8;

/**
 * @param {object} list
 * @param {number} list.count
 * @param {number} list.rowHeight in pixels; of rows that are measured, a guess
 * @param {{current: HTMLElement | null}} list.scroller the element that scrolls
 * @param {(index: number) => string} [list.keyOf] what a row keeps its height and its state by
 * @param {number} [list.offset] where to begin, in pixels
 * @param {boolean} [list.follow] keep to the end while rows come
 */
export function useVirtual({ count, rowHeight, scroller, keyOf, offset = 0, follow = false }) {
  const [, draw] = useState(0);
  const [virtualizer] = useState(() => new Virtualizer(options()));
  function options() {
    return {
      count,
      estimateSize: () => rowHeight,
      getScrollElement: () => scroller.current,
      getItemKey: keyOf,
      initialOffset: offset,
      overscan: OVERSCAN_ROWS,
      anchorTo: follow ? "end" : "start",
      followOnAppend: follow,
      useAnimationFrameWithResizeObserver: true,
      observeElementRect,
      observeElementOffset,
      scrollToFn: elementScroll,
      onChange: () => draw((last) => last + 1),
    };
  }
  virtualizer.setOptions(options());
  useLayoutEffect(() => virtualizer._didMount(), []);
  useLayoutEffect(() => virtualizer._willUpdate());
  return virtualizer;
}

/**
 * The rows in sight, each at its place. A row is made once: it stays as it is until `stamp` is another one.
 * @param {object} props
 * @param {Virtualizer} props.virtualizer
 * @param {(index: number) => any} props.row
 * @param {any} props.stamp names what rows are made from
 * @param {boolean} [props.measured] rows have heights of their own
 */
export function Rows({ virtualizer, row, stamp, measured = false, ...rest }) {
  const made = useRef({ stamp, rows: new Map() });
  const before = made.current.stamp === stamp ? made.current.rows : new Map();
  const rows = new Map();
  const places = virtualizer.getVirtualItems().map(({ key, index, start }) => {
    const content = before.get(key)?.[index] ?? row(index);
    rows.set(key, { [index]: content });
    return html`<${Place} key=${key} index=${index} start=${start} measure=${measured ? virtualizer.measureElement : null}>${content}<//>`;
  });
  made.current = { stamp, rows };
  return html`<div class="rows" style=${{ height: `${virtualizer.getTotalSize()}px` }} ...${rest}>${places}</div>`;
}

function Place({ index, start, measure, children }) {
  const element = useRef(null);
  useLayoutEffect(() => {
    if (measure) measure(element.current);
    return () => measure?.(null);
  }, [measure, index]);
  return html`<div ref=${element} class="place" role="presentation" data-index=${index} style=${{ top: `${start}px` }}>${children}</div>`;
}

/** Asks for more as soon as the end comes near. */
export function useMore(virtualizer, count, more) {
  const last = virtualizer.getVirtualItems().at(-1)?.index ?? -1;
  useLayoutEffect(() => {
    if (count && last >= count - 2 * OVERSCAN_ROWS) more();
  }, [last, count]);
}
