// A chart over time. The library is fetched with the first one; colours are the theme's, by the names of its tokens.
import { theme, utc } from "../base/prefs.js";
import { html, useEffect, useRef } from "../base/ui.js";

const HEIGHT = 150;

/**
 * @param {object} props
 * @param {number[]} props.at seconds since 1970
 * @param {{name: string, values: (number | null)[], color: string}[]} props.series
 * @param {(value: number) => string} props.format
 * @param {(index: number) => void} props.onPick
 */
export function Chart({ title, at, series, format, bars = false, onPick }) {
  const place = useRef(null);
  const shown = [theme.value, utc.value];
  useEffect(() => {
    let plot = null;
    let gone = false;
    const sizes = new ResizeObserver(() => plot?.setSize({ width: place.current.clientWidth, height: HEIGHT }));
    import("../../vendor/uplot.js").then(({ default: uPlot }) => {
      if (gone) return;
      plot = new uPlot(options(uPlot, place.current, { series, format, bars, onPick }), [at, ...series.map((one) => one.values)], place.current);
      sizes.observe(place.current);
    });
    return () => {
      gone = true;
      sizes.disconnect();
      plot?.destroy();
    };
  }, [at.join(), JSON.stringify(series), ...shown]);
  return html`<figure class="chart"><figcaption>${title}</figcaption><div ref=${place} /></figure>`;
}

function options(uPlot, place, { series, format, bars, onPick }) {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => resolve(style, place, name);
  const axis = { stroke: color("--muted"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  const paths = bars ? uPlot.paths.bars({ size: [0.7, 60] }) : undefined;
  return {
    width: place.clientWidth,
    height: HEIGHT,
    tzDate: utc.value ? (ts) => uPlot.tzDate(new Date(ts * 1000), "Etc/UTC") : undefined,
    legend: { live: true },
    cursor: { y: false, bind: { click: (plot) => () => plot.cursor.idx != null && onPick(plot.cursor.idx) } },
    scales: { y: { range: (_, __, max) => [0, max || 1] } },
    axes: [axis, { ...axis, size: 60, values: (_, values) => values.map((value) => (value == null ? "" : format(value))) }],
    series: [
      {},
      ...series.map((one) => ({ label: one.name, stroke: color(one.color), fill: bars ? color(one.color) : undefined, width: bars ? 0 : 2, paths, points: { show: !bars, size: 5 }, spanGaps: true, value: (_, value) => (value == null ? "–" : format(value)) })),
    ],
  };
}

/** A canvas does not know light-dark(): an element does. */
function resolve(style, place, name) {
  place.style.color = `var(${name})`;
  const found = getComputedStyle(place).color;
  place.style.color = "";
  return found || style.getPropertyValue(name);
}
