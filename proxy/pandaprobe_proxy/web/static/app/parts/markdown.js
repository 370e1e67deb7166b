// Markdown that was recorded, as markup that can do nothing: no raw HTML survives, no image is fetched, links say where to.
import DOMPurify from "../../vendor/dompurify.js";
import { marked } from "../../vendor/marked.js";

const TAGS = "a b blockquote br code del em h1 h2 h3 h4 h5 h6 hr i li ol p pre strong sub sup table tbody td th thead tr ul".split(" ");

// Markup inside Markdown is text, and so are images: nothing of it is even parsed as markup.
const escape = (text) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
marked.use({ renderer: { html: ({ text }) => escape(text), image: ({ raw }) => escape(raw) } });

const purify = DOMPurify(window);
purify.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName !== "A") return;
  const url = readUrl(node.getAttribute("href"));
  if (!url) return node.removeAttribute("href");
  node.setAttribute("rel", "noopener noreferrer");
  node.setAttribute("target", "_blank");
  if (!node.textContent.includes(url.host)) node.append(` (${url.host})`);
});

/** Only what leads somewhere by http or https, and says so itself. */
function readUrl(href) {
  try {
    const url = new URL(href);
    return ["http:", "https:"].includes(url.protocol) ? url : null;
  } catch {
    return null;
  }
}

/** @returns {TrustedHTML} */
export function render(text) {
  const markup = marked.parse(text, { async: false, gfm: true });
  return purify.sanitize(markup, { ALLOWED_TAGS: TAGS, ALLOWED_ATTR: ["href", "align"], RETURN_TRUSTED_TYPE: true });
}
