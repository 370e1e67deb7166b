// The list of sessions.
import { useGet } from "../base/api.js";
import { href } from "../base/route.js";
import { html } from "../base/ui.js";
import { Trouble } from "../parts/trouble.js";

export default function Sessions() {
  const { value, error } = useGet("/sessions");
  if (error) return html`<${Trouble} error=${error} />`;
  return html`<ul>${value?.items.map((one) => html`<li><a href=${href(["sessions", one.session_id])}>${one.session_id}</a></li>`)}</ul>`;
}
