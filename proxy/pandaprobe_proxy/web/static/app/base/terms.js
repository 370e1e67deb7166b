// The filter's text as terms, cut where the sidecar cuts it: at spaces outside quotes. Pure; what a term means is the sidecar's.

/**
 * "model:gpt-4o* -tag:prod \"two words\"" -> its three terms. A quote that is not closed goes to the end.
 * @param {string} text
 * @returns {string[]}
 */
export function split(text) {
  return text.match(/(?:[^\s"]|"[^"]*(?:"|$))+/g) ?? [];
}

/** @param {string[]} terms */
export function join(terms) {
  return terms.join(" ");
}

/** With one term more, unless it is there. */
export function add(text, term) {
  const terms = split(text);
  return join(terms.includes(term) ? terms : [...terms, term]);
}

/** A name and a value as one term: quoted where the value needs it. */
export function term(name, value) {
  const plain = String(value).replaceAll('"', "");
  return /\s/.test(plain) ? `${name}:"${plain}"` : `${name}:${plain}`;
}

/** What can be asked, as the text box offers it: how a term begins, an example of its rest, and what it means. */
export const OFFERS = [
  ["status:", "failed", "sessions with failed calls; also ok, open, or a code such as 500"],
  ["model:", "gpt-4o*", "a model; * stands for anything"],
  ["tag:", "prod", "a tag"],
  ["user:", "ann", "a user"],
  ["session:", "abc*", "a session id"],
  ["tool:", "get_weather", "a tool that was called"],
  ["agent:", "planner", "one of its agents"],
  ["provider:", "openai", "where calls went"],
  ["source:", "header", "how the session is known"],
  ["score.", "risk<0.5", "a score by name"],
  ["cost", ">0.5", "US dollars"],
  ["tokens", ">1000", "tokens in and out"],
  ["calls", ">=10", "how many calls"],
  ["errors", ">0", "how many failed"],
  ["duration", ">30s", "from the first call to the end"],
  ["since:", "2h", "active since, also a date"],
  ["until:", "2026-11-01", "active until"],
];

/** What may be meant by a term that is being typed. */
export function offer(begun) {
  const bare = begun.replace(/^-/, "").toLowerCase();
  if (/["\s]/.test(bare)) return [];
  return OFFERS.filter(([head]) => head.startsWith(bare) && head !== bare);
}
