// What the session screen knows: the session, its calls as a timeline that grows while one looks, and what judges it.
import { at, get, useGet } from "../base/api.js";
import { listen } from "../base/live.js";
import { Timeline } from "../base/timeline.js";
import { useEffect, useMemo, useRef, useState } from "../base/ui.js";

const MOST_FAILED = 200;

/**
 * @param {string} id
 * @returns {{session: object | null, error: Error | null, timeline: Timeline | null, version: number, changed: Set<string>}}
 * `version` grows with the timeline, `changed` are the calls that events were about
 */
export function useSession(id) {
  const session = useGet(at("sessions", id), { traces: 0 });
  const waterfall = useGet(at("sessions", id, "waterfall"));
  const timeline = useMemo(() => waterfall.value && new Timeline(waterfall.value), [waterfall.value]);
  const [live, setLive] = useState({ version: 0, changed: new Set() });
  const latest = useRef(null);
  latest.current = timeline;

  useEffect(() => {
    const reload = () => (session.reload(), waterfall.reload());
    const put = (calls) => {
      const ours = calls.filter((call) => call.session_id === id);
      if (!ours.length || !latest.current) return;
      for (const call of ours) latest.current.put(call);
      setLive(({ version }) => ({ version: version + 1, changed: new Set(ours.map((call) => call.call_id)) }));
      session.reload();
    };
    const ends = [listen("call", put), listen("gap", reload)];
    return () => ends.forEach((end) => end());
  }, [id]);
  return { session: session.value, error: session.error ?? waterfall.error, timeline, ...live };
}

/** What evaluators said, and by call what of it points there. */
export function useJudgements(id) {
  const scores = useGet(at("sessions", id, "scores"));
  const items = scores.value?.items ?? [];
  const flags = useMemo(() => {
    const found = new Map();
    for (const judged of items) for (const quote of pointed(judged)) put(found, quote.call_id, { ...quote, name: judged.name, value: judged.value });
    return found;
  }, [scores.value]);
  return { judged: items, flags, loading: scores.loading, error: scores.error };
}

/** The evidence of what is not good: that a result was used needs no flag. */
function pointed(judged) {
  return judged.value != null && judged.value < 1 ? judged.evidence ?? [] : [];
}

function put(map, key, value) {
  if (!map.has(key)) map.set(key, []);
  map.get(key).push(value);
}

/** Why calls failed, by id. They are asked for only where some did. */
export function useFailures(id, errors) {
  const [failures, setFailures] = useState(new Map());
  useEffect(() => {
    if (!errors) return;
    const abort = new AbortController();
    get("/calls", { session_id: id, where: "status:failed", limit: MOST_FAILED }, abort.signal).then(
      ({ items }) => setFailures(new Map(items.map((call) => [call.call_id, call]))),
      () => {}, // the mark and the status still say that it failed
    );
    return () => abort.abort();
  }, [id, errors]);
  return failures;
}
