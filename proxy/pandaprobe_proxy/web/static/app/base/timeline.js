// The calls of a session as columns, as the sidecar sends them: 10,000 calls are fourteen arrays, not 10,000 objects.
// Pure. Times are milliseconds since the session began; a call is named by its place, in the order of starts.

const NUMBERS = ["start_ms", "first_ms", "end_ms", "status", "input_tokens", "output_tokens", "cost", "attempt"];
const NAMES = ["model", "operation", "agent"];

/** What an outcome that is neither ok nor open means to a reader. */
const BROKEN = new Set(["client_disconnected", "upstream_reset", "interrupted", "timeout"]);

/** "ok", "error", "open" or "partial", of a call as lists give it. */
export function stateOf(call) {
  if (call.state) return call.state;
  if (!call.ended_at || call.outcome === "open") return "open";
  if (call.partial || BROKEN.has(call.outcome)) return "partial";
  return call.outcome !== "ok" || call.status >= 400 ? "error" : "ok";
}

export class Timeline {
  /** @param {object} answer of /sessions/{id}/waterfall */
  constructor(answer) {
    this.startedMs = Date.parse(answer.started_at);
    this.columns = answer.columns;
    this.names = { model: answer.models, operation: answer.operations, agent: answer.agents };
    this.ids = answer.columns.call_id;
    this.places = new Map(this.ids.map((id, index) => [id, index]));
  }

  get count() {
    return this.ids.length;
  }

  /** The place of a call, or -1. */
  placeOf(callId) {
    return this.places.get(callId) ?? -1;
  }

  /** One call as an object. */
  at(index) {
    const call = { id: this.ids[index], state: this.columns.state[index] };
    for (const name of NUMBERS) call[name] = this.columns[name][index];
    for (const name of NAMES) call[name] = this.names[name][this.columns[name][index]] ?? null;
    return call;
  }

  /** When it ended; of one that runs, now. */
  endOf(index, nowMs) {
    const { start_ms: starts, end_ms: lasts } = this.columns;
    return lasts[index] == null ? Math.max(starts[index], nowMs - this.startedMs) : starts[index] + lasts[index];
  }

  /**
   * Puts a call in, or what is new of it. Tells whether it was unknown.
   * @param {object} call as events and lists give it
   */
  put(call) {
    const startMs = Date.parse(call.started_at) - this.startedMs;
    const known = this.placeOf(call.call_id);
    const index = known < 0 ? this.insert(call.call_id, startMs) : known;
    const { columns } = this;
    columns.first_ms[index] = call.marks?.first_content == null ? null : call.marks.first_content / 1e6;
    columns.end_ms[index] = call.latency_ms;
    columns.state[index] = stateOf(call);
    columns.status[index] = call.status;
    columns.input_tokens[index] = call.usage?.input ?? null;
    columns.output_tokens[index] = call.usage?.output ?? null;
    columns.cost[index] = call.cost?.total ?? null;
    columns.attempt[index] = call.attempt ?? 0;
    for (const name of NAMES) columns[name][index] = this.nameIndex(name, call[name] || null);
    return known < 0;
  }

  insert(callId, startMs) {
    const starts = this.columns.start_ms;
    let index = starts.length;
    while (index > 0 && starts[index - 1] > startMs) index -= 1;
    for (const column of Object.values(this.columns)) column.splice(index, 0, null);
    this.ids[index] = callId;
    starts[index] = startMs;
    for (let place = index; place < this.ids.length; place += 1) this.places.set(this.ids[place], place);
    return index;
  }

  nameIndex(kind, name) {
    if (name === null) return null;
    const known = this.names[kind].indexOf(name);
    return known < 0 ? this.names[kind].push(name) - 1 : known;
  }

  /** Milliseconds in which at least one call ran: the rest is the app, its tools and its users. */
  busyMs(nowMs) {
    let busy = 0;
    let until = -Infinity;
    for (let index = 0; index < this.count; index += 1) {
      const end = this.endOf(index, nowMs);
      busy += Math.max(0, end - Math.max(this.columns.start_ms[index], until));
      until = Math.max(until, end);
    }
    return busy;
  }
}

const LONGEST_GAP = 0.15;

/**
 * How time is laid on the width for some calls in a row: 0 is where the first one begins, 1 where the last one ends.
 * A gap longer than a seventh of the time that calls ran is cut short there, and told.
 * @returns {{place: (ms: number) => number, cuts: {at: number, ms: number}[]}} a cut's place from 0 to 1, and its length
 */
export function layTime(timeline, first, last, nowMs) {
  const spans = busySpans(timeline, first, last, nowMs);
  const busy = spans.reduce((sum, [start, end]) => sum + end - start, 0) || 1;
  const stretches = [];
  let width = 0;
  spans.forEach(([start, end], index) => {
    const gap = index ? start - spans[index - 1][1] : 0;
    const shown = Math.min(gap, busy * LONGEST_GAP);
    stretches.push({ start, end, x: width + shown, gap, shown });
    width += shown + end - start;
  });
  const place = (ms) => {
    const stretch = stretches.findLast((one) => one.start <= ms) ?? stretches[0];
    if (!stretch) return 0;
    return Math.max(0, Math.min(1, (stretch.x + Math.min(ms, stretch.end) - stretch.start) / width));
  };
  const cuts = stretches.filter((one) => one.shown < one.gap).map((one) => ({ at: (one.x - one.shown / 2) / width, ms: one.gap }));
  return { place, cuts };
}

/** When at least one of the calls ran. One that still runs takes no more of the width than the longest that ended. */
function busySpans(timeline, first, last, nowMs) {
  const ended = timeline.columns.end_ms.slice(first, last + 1);
  const most = ended.reduce((longest, ms) => Math.max(longest, ms ?? 0), 0) || Infinity;
  const spans = [];
  for (let index = first; index <= last && index < timeline.count; index += 1) {
    const start = timeline.columns.start_ms[index];
    const end = Math.min(timeline.endOf(index, nowMs), start + most);
    const before = spans.at(-1);
    if (before && start <= before[1]) before[1] = Math.max(before[1], end);
    else spans.push([start, end]);
  }
  return spans;
}
