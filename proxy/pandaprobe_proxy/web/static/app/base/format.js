// Values as people read them. Pure but for the clock that relative times need; what nobody knows is a dash.
export const UNKNOWN = "–";

/** @type {[number, string][]} */
const UNITS = [
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];

/** 1234567 -> "1,234,567" */
export function exact(value) {
  return value == null ? UNKNOWN : group(value);
}

/** By hand: a formatter of Intl's takes longer to be made than a page to be read. */
function group(value) {
  return String(value).replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ",");
}

/** 12345 -> "12.3k" */
export function short(value) {
  if (value == null) return UNKNOWN;
  const [size, unit] = UNITS.find(([least]) => value >= least) ?? [1, ""];
  const shown = value / size;
  return unit ? `${shown < 100 ? shown.toFixed(1).replace(/\.0$/, "") : Math.round(shown)}${unit}` : String(value);
}

/** Bytes, by 1024. */
export function size(bytes) {
  if (bytes == null) return UNKNOWN;
  if (bytes < 1024) return `${bytes} B`;
  const kilo = bytes / 1024;
  return kilo < 1024 ? `${kilo.toFixed(kilo < 10 ? 1 : 0)} kB` : `${(kilo / 1024).toFixed(1)} MB`;
}

/** Milliseconds: "8 ms", "1.24 s", "3m 05s", "2h 10m", "3d 4h". */
export function duration(ms) {
  if (ms == null) return UNKNOWN;
  if (ms < 1) return ms > 0 ? "<1 ms" : "0 ms";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${pad(Math.floor(seconds % 60))}s`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours}h ${pad(minutes % 60)}m` : `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

/** US dollars. What is less than a cent keeps its first two digits. */
export function dollars(value) {
  if (value == null) return UNKNOWN;
  if (value === 0) return "$0";
  if (value < 0.000001) return "<$0.000001";
  return value >= 0.1 ? `$${value.toFixed(2)}` : `$${Number(value.toPrecision(2)).toFixed(6).replace(/0+$/, "")}`;
}

/** What a session cost as far as that is known; null if none of it has a price. */
export function costOf(session) {
  return session.unpriced_calls > 0 && !session.total_cost ? null : session.total_cost;
}

/** 0.5 -> "50 %" */
export function percent(share) {
  return share == null || !Number.isFinite(share) ? UNKNOWN : `${Math.round(share * 100)} %`;
}

/** How long ago, in one unit: "12s ago". */
export function ago(iso, nowMs) {
  if (!iso) return UNKNOWN;
  const seconds = Math.round((nowMs - Date.parse(iso)) / 1000);
  if (Math.abs(seconds) < 5) return "now";
  const text = oneUnit(Math.abs(seconds));
  return seconds < 0 ? `in ${text}` : `${text} ago`;
}

function oneUnit(seconds) {
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** The moment to the millisecond: "2026-11-24 14:53:15.087 UTC", or in the reader's zone with its offset. */
export function moment(iso, inUtc) {
  const at = iso ? new Date(iso) : null;
  if (!at || Number.isNaN(at.getTime())) return UNKNOWN;
  if (inUtc) return at.toISOString().replace("T", " ").replace("Z", " UTC");
  const away = -at.getTimezoneOffset();
  const local = new Date(at.getTime() + away * 60_000).toISOString().replace("T", " ").replace("Z", "");
  const [hours, minutes] = [Math.floor(Math.abs(away) / 60), Math.abs(away) % 60];
  return `${local} ${away < 0 ? "-" : "+"}${pad(hours)}:${pad(minutes)}`;
}

function pad(value) {
  return String(value).padStart(2, "0");
}

/** "1 call", "2 calls" */
export function plural(count, noun) {
  return `${exact(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** A text on one line, cut short. */
export function oneLine(text, most = 200) {
  const line = String(text ?? "").replace(/\s+/g, " ").trim();
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}
