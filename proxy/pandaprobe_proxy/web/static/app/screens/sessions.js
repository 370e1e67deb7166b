// The sessions, the one that was active last on top. New ones are told, not pushed in between what one reads.
import { useKeys } from "../base/keys.js";
import { pinned, togglePin } from "../base/prefs.js";
import { go, href, patch, route } from "../base/route.js";
import { html, useEffect, useMemo, useRef } from "../base/ui.js";
import { usePages } from "../base/pages.js";
import { useChosen } from "../parts/chosen.js";
import { Filters, whereOf } from "../parts/filters.js";
import { Copyable, Empty, Trouble } from "../parts/trouble.js";
import { Rows, useMore, useVirtual } from "../parts/virtual.js";
import { useNews } from "./sessions_news.js";
import { Head, ROW_HEIGHT, Row } from "./sessions_row.js";

export default function Sessions() {
  const where = whereOf();
  const sort = route.value.query.get("sort");
  const pages = usePages("/sessions", { where, sort });
  const news = useNews(pages, where, sort);
  const filter = useRef(null);
  useEffect(() => {
    document.title = "Sessions – PandaProbe";
  }, []);
  useKeys("Filter", [{ keys: "f", does: "Filter", run: () => filter.current.focus() }]);
  const refused = pages.error?.status === 422 || pages.error?.status === 400 ? pages.error : null;
  return html`<div class="list">
    <div class="above"><${Filters} box=${filter} error=${refused} /><${News} news=${news} /></div>
    ${pages.error && !refused
      ? html`<${Trouble} error=${pages.error} retry=${pages.reload} />`
      : !pages.rows.length && !pages.loading && !refused
        ? html`<${Nothing} where=${where} />`
        : html`<${Table} key=${`${where} ${sort}`} pages=${pages} where=${where} sort=${sort} />`}
  </div>`;
}

function News({ news }) {
  return html`<div class="news" aria-live="polite">${news.count > 0 && html`<button type="button" onClick=${news.show}>${news.count} new</button>`}</div>`;
}

function Table({ pages, where, sort }) {
  const scroller = useRef(null);
  const { rows } = pages;
  const virtualizer = useVirtual({ count: rows.length, rowHeight: ROW_HEIGHT, scroller, keyOf: (index) => rows[index].session_id, offset: pages.offset });
  useMore(virtualizer, rows.length, pages.more);
  const chosen = useChosen(rows.map((row) => row.session_id), (index) => virtualizer.scrollToIndex(index));
  const link = (row) => href(["sessions", row.session_id], { where, sort });
  useTableKeys(rows, chosen, link);
  const stamp = useMemo(() => ({}), [rows, chosen.index, pinned.value]);
  return html`<div ref=${scroller} class="table" role="grid" aria-label="Sessions" aria-rowcount=${rows.length + 1} onScroll=${(event) => pages.remember(event.target.scrollTop)}>
    <${Head} sort=${sort} onSort=${(name) => patch({ sort: name === "last" ? null : name, at: null })} />
    <${Rows} role="rowgroup" virtualizer=${virtualizer} stamp=${stamp} row=${(index) => html`<${Row} row=${rows[index]} index=${index} link=${link(rows[index])} chosen=${index === chosen.index} />`} />
  </div>`;
}

function useTableKeys(rows, chosen, link) {
  const open = () => rows[chosen.index] && go(link(rows[chosen.index]));
  useKeys("Sessions", [
    { keys: "j", does: "Next session", run: () => chosen.move(1) },
    { keys: "k", does: "Previous session", run: () => chosen.move(-1) },
    { keys: "enter", does: "Open", run: open },
    { keys: "o", does: "Open", run: open },
    { keys: ".", does: "Pin", run: () => rows[chosen.index] && togglePin(rows[chosen.index].session_id) },
  ]);
}

function Nothing({ where }) {
  if (where) return html`<${Empty} title="No session is like that"><p>Take a term out of the filter, or wait: what comes and fits is told here.</p><//>`;
  return html`<${Empty} title="Nothing recorded yet">
    <p>Run your app through the sidecar; its calls show here as they are made.</p>
    <${Copyable} text="pandaprobe-proxy run -- python app.py" />
    <p>Or, in an environment of its own:</p>
    <${Copyable} text="export OPENAI_BASE_URL=http://127.0.0.1:4100/v1" />
  <//>`;
}
