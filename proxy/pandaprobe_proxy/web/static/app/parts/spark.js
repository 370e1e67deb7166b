// The latencies of the newest calls as bars, the slowest one full height.
import { duration } from "../base/format.js";
import { html } from "../base/ui.js";

const WIDTH = 60;
const HEIGHT = 16;
const BAR = 3;

export function Spark({ latencies }) {
  if (!latencies?.length) return html`<span class="spark" />`;
  const slowest = Math.max(...latencies);
  const bars = latencies.map((ms, index) => `M${index * BAR + 1} ${HEIGHT}v${-Math.max(1, (ms / slowest) * HEIGHT).toFixed(1)}`);
  const says = `newest ${latencies.length} calls: median ${duration(median(latencies))}, slowest ${duration(slowest)}`;
  return html`<svg class="spark" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label=${says}><title>${says}</title><path d=${bars.join("")} /></svg>`;
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
