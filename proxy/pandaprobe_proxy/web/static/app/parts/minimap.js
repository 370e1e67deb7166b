// The whole session in one strip, a call beside the other: height is how long it took, below it how many tokens went in.
// Failed calls have a mark on top, whatever their size. Clicking goes there.
import { html, useEffect, useLayoutEffect, useRef } from "../base/ui.js";
import { theme } from "../base/prefs.js";

const HEIGHT = 56;
const MARKS = 8;
const TOKENS = 14;
const LEAST_CROSS = 7;

/**
 * @param {object} props
 * @param {import("../base/timeline.js").Timeline} props.timeline
 * @param {number} props.version changes when the timeline does
 * @param {Set<string>} props.flagged calls that an evaluator points at
 * @param {import("../base/ui.js").Signal<[number, number]>} props.seen the places of the calls in sight
 * @param {(index: number) => void} props.onGo
 */
export function Minimap({ timeline, version, flagged, seen, onGo }) {
  const canvas = useRef(null);
  const draw = () => canvas.current && paint(canvas.current, timeline, flagged);
  useLayoutEffect(draw, [timeline, version, flagged, theme.value]);
  useEffect(() => {
    const observer = new ResizeObserver(draw);
    observer.observe(canvas.current);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", draw);
    return () => {
      observer.disconnect();
      scheme.removeEventListener("change", draw);
    };
  }, [timeline, flagged]);
  const goTo = (event) => {
    if (event.buttons !== 1) return;
    const { left, width } = canvas.current.getBoundingClientRect();
    onGo(Math.max(0, Math.min(timeline.count - 1, Math.floor(((event.clientX - left) / width) * timeline.count))));
  };
  return html`<div class="minimap" onPointerDown=${goTo} onPointerMove=${goTo} role="img" aria-label="All calls: how long each took, and the tokens that went in">
    <canvas ref=${canvas} height=${HEIGHT} />
    <${Seen} seen=${seen} count=${timeline.count} />
  </div>`;
}

/** What of it is in sight. By itself, because it changes with every step of a scroll. */
function Seen({ seen, count }) {
  const [first, last] = seen.value;
  const share = (places) => `${(100 * places) / Math.max(1, count)}%`;
  return last >= first && html`<div class="seen" style=${{ left: share(first), width: share(last - first + 1) }} />`;
}

function paint(canvas, timeline, flagged) {
  const ratio = devicePixelRatio || 1;
  const width = canvas.clientWidth;
  canvas.width = width * ratio;
  canvas.height = HEIGHT * ratio;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  const colours = readColours(canvas);
  const bins = bin(timeline, Math.min(timeline.count, Math.max(1, Math.floor(width / 2))), flagged);
  const step = width / bins.length;
  const bar = Math.max(1, Math.min(step - (step > 4 ? 1 : 0), 24));
  const longest = Math.max(1, ...bins.map((one) => one.longest));
  const most = Math.max(1, ...bins.map((one) => one.tokens));
  const floor = HEIGHT - TOKENS - 2;
  bins.forEach((one, index) => {
    const x = index * step;
    const tall = Math.max(2, Math.sqrt(one.longest / longest) * (floor - MARKS));
    pen.fillStyle = one.open ? colours.open : colours.stream;
    pen.fillRect(x, floor - tall, bar, tall);
    pen.fillStyle = colours.error;
    pen.fillRect(x, floor - (tall * one.failed) / one.calls, bar, (tall * one.failed) / one.calls);
    pen.fillStyle = colours.edge;
    pen.fillRect(x, HEIGHT - (one.tokens / most) * TOKENS, bar, HEIGHT);
    if (one.failed && step >= LEAST_CROSS) cross(pen, x + bar / 2, colours.error);
    else if (one.failed) tick(pen, x, bar, 2 + (5 * one.failed) / one.calls, colours.error);
    else if (one.flagged) flag(pen, x + bar / 2, colours.warn);
  });
}

/** Neighbours together, so that each has a pixel or more: the longest, the most tokens, how many failed. */
function bin(timeline, count, flagged) {
  const bins = Array.from({ length: count }, () => ({ calls: 0, longest: 0, tokens: 0, failed: 0, open: false, flagged: false }));
  const { end_ms: ends, input_tokens: tokens, state } = timeline.columns;
  for (let index = 0; index < timeline.count; index += 1) {
    const one = bins[Math.floor((index * count) / timeline.count)];
    one.longest = Math.max(one.longest, ends[index] ?? 0);
    one.tokens = Math.max(one.tokens, tokens[index] ?? 0);
    one.calls += 1;
    one.failed += state[index] === "error" || state[index] === "partial" ? 1 : 0;
    one.open ||= state[index] === "open";
    one.flagged ||= flagged.has(timeline.ids[index]);
  }
  return bins;
}

/** The colours as they are in this theme: what a token says depends on it. */
function readColours(element) {
  const style = getComputedStyle(element);
  const read = (name) => {
    element.style.color = `var(--${name})`;
    return style.color;
  };
  return { error: read("error"), open: read("open"), stream: read("stream"), edge: read("edge"), warn: read("warn") };
}

/** Where calls are too close for crosses: the higher, the more of them failed. */
function tick(pen, x, width, tall, colour) {
  pen.fillStyle = colour;
  pen.fillRect(x, 0, width, tall);
}

function cross(pen, x, colour) {
  pen.strokeStyle = colour;
  pen.lineWidth = 1.5;
  pen.beginPath();
  pen.moveTo(x - 2.5, 1);
  pen.lineTo(x + 2.5, 6);
  pen.moveTo(x + 2.5, 1);
  pen.lineTo(x - 2.5, 6);
  pen.stroke();
}

function flag(pen, x, colour) {
  pen.fillStyle = colour;
  pen.beginPath();
  pen.moveTo(x, 0);
  pen.lineTo(x + 4, 2.5);
  pen.lineTo(x, 5);
  pen.fill();
  pen.fillRect(x - 1, 0, 1, 7);
}
