// Charts over time, drawn by uPlot from the numbers in the page: one cursor for all, moved by pointer or arrow keys, read out
// beside each chart and to screen readers. Tables are filled when they are opened.

import { NONE, fixed, time } from "./numbers.js";

/**
 * @typedef {{ key: string, label: string, decimals: number, scale: number, ink: string, dashed: boolean }} Series
 * @typedef {{ from_s: number, to_s: number, at_s: number[], series: Record<string, (number | null)[]> }} Group
 * @typedef {Record<string, Group>} Groups
 * @typedef {{ plot: any, box: HTMLElement, series: Series[], raw: (number | null)[][], at: number[], seconds: boolean }} Chart
 */

const Plot = /** @type {any} */ (window).uPlot;

/** @type {Groups} */
let groups = {};
/** @type {Map<HTMLElement, Chart>} */
const charts = new Map();
const watcher = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const chart = charts.get(/** @type {HTMLElement} */ (target));
    if (chart && target.clientWidth > 0 && target.clientWidth !== chart.plot.width) chart.plot.setSize(size(chart.box));
  }
});

/** Draws every chart of the page. */
export function start() {
  groups = readGroups(document);
  drawAll();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const box of charts.keys()) forget(box);
    drawAll();
  });
  document.addEventListener("toggle", (event) => fillTable(/** @type {HTMLElement} */ (event.target)), true);
}

/** @param {Groups} fresh */
export function update(fresh) {
  groups = fresh;
  for (const [box, chart] of charts) {
    if (!box.isConnected) forget(box);
    else chart.plot.setData(read(chart));
  }
  drawAll();
  for (const table of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("details.as-table[open]"))) fillTable(table);
}

/** @param {Document} page @returns {Groups} */
export function readGroups(page) {
  return JSON.parse(page.getElementById("chart-groups")?.textContent || "{}");
}

function drawAll() {
  for (const box of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".plot"))) {
    if (!charts.has(box)) draw(box);
    else readings(/** @type {Chart} */ (charts.get(box)));
  }
}

/** @param {HTMLElement} box */
function forget(box) {
  watcher.unobserve(box);
  charts.get(box)?.plot.destroy();
  charts.delete(box);
}

/** @param {HTMLElement} box */
const size = (box) => ({ width: box.clientWidth, height: box.clientHeight });

/** @param {HTMLElement} box @returns {Group} */
const groupOf = (box) => groups[box.dataset.group ?? ""] ?? { from_s: 0, to_s: 1, at_s: [], series: {} };

/**
 * What is drawn, from the back to the front: for a stack the sums, tallest first. Keeps the plain values for readings.
 * @param {Chart} chart
 */
function read(chart) {
  const group = groupOf(chart.box);
  chart.at = group.at_s;
  chart.raw = chart.series.map(({ key, scale }) => (group.series[key] ?? []).map((value) => (value === null ? null : value * scale)));
  if (chart.box.dataset.kind !== "stack") return [chart.at, ...chart.raw];
  /** @type {number[][]} */
  const sums = [];
  for (const values of chart.raw) sums.push(values.map((value, i) => (value ?? 0) + (sums.at(-1)?.[i] ?? 0)));
  return [chart.at, ...sums.reverse()];
}

/** @param {string} name a custom property of the page's styles @returns {string} */
function colour(name) {
  const probe = document.createElement("i");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** @param {HTMLElement} box */
function draw(box) {
  const kind = box.dataset.kind;
  const [low, high] = (box.dataset.floor ?? "0,1").split(",").map(Number);
  /** @type {Chart} */
  const chart = { plot: null, box, series: JSON.parse(box.dataset.series ?? "[]"), raw: [], at: [], seconds: box.dataset.group !== "minutes" };
  const data = read(chart);
  const shown = kind === "stack" ? [...chart.series].reverse() : chart.series;
  const ink = colour("ink-soft");
  const axis = { stroke: ink, font: "11px system-ui, sans-serif", ticks: { show: false } };
  const options = {
    ...size(box),
    legend: { show: false },
    padding: [8, 18, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, sync: { key: "page" }, points: { size: 6 } },
    scales: {
      x: { range: () => [groupOf(box).from_s, groupOf(box).to_s] },
      y: { range: (/** @type {any} */ _u, /** @type {number} */ min, /** @type {number} */ max) => [Math.min(low, min ?? low), Math.max(high, (max ?? high) * 1.05)] },
    },
    axes: [
      { ...axis, size: 22, space: 56, grid: { show: false }, values: (/** @type {any} */ _u, /** @type {number[]} */ at) => at.map((s) => time(s, false)) },
      {
        ...axis,
        size: 48,
        space: 26,
        grid: { stroke: colour("line"), width: 1 },
        values: (/** @type {any} */ _u, /** @type {number[]} */ ticks) => ticks.map((value) => fixed(value, tickDecimals(ticks))),
      },
    ],
    series: [{}, ...shown.map((series) => stroke(series, kind))],
    hooks: { setCursor: [() => readings(chart)] },
  };
  box.replaceChildren();
  chart.plot = new Plot(options, data, box);
  charts.set(box, chart);
  watcher.observe(box);
  readings(chart);
}

/** As many as the step between ticks needs. @param {number[]} ticks */
function tickDecimals(ticks) {
  const step = ticks.length > 1 ? ticks[1] - ticks[0] : 1;
  const needed = [0, 1].find((decimals) => Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) < 1e-6) ?? 2;
  return needed;
}

/** @param {Series} series @param {string | undefined} kind */
function stroke(series, kind) {
  const paint = colour(series.ink);
  if (kind === "stack") return { fill: series.ink === "silent" ? hatch(paint) : paint, width: 0, paths: Plot.paths.bars({ size: [0.82, 24], align: 1 }), points: { show: false } };
  if (kind === "points") return { stroke: paint, paths: () => null, points: { show: true, size: 7, fill: series.dashed ? colour("paper") : paint, width: 2 } };
  return { stroke: paint, width: 1.75, dash: series.dashed ? [5, 3] : undefined, spanGaps: false, points: { size: 4 } };
}

/** @param {string} paint @returns {CanvasPattern | string} */
function hatch(paint) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 6;
  const pen = /** @type {CanvasRenderingContext2D} */ (tile.getContext("2d"));
  pen.strokeStyle = paint;
  pen.lineWidth = 2.5;
  pen.stroke(new Path2D("M-1 7L7 -1M-1 1L1 -1M5 7L7 5"));
  return pen.createPattern(tile, "repeat") ?? paint;
}

/** Writes the values at the cursor, or the latest, beside the chart. @param {Chart} chart */
function readings(chart) {
  const figure = /** @type {HTMLElement} */ (chart.box.closest("figure"));
  const at = chart.plot?.cursor.idx ?? null;
  const unit = chart.box.dataset.unit ?? "";
  chart.series.forEach((series, i) => {
    const place = figure.querySelector(`[data-series="${series.key}"].reading`);
    const values = chart.raw[i] ?? [];
    const value = at === null ? values.findLast((known) => known !== null) : values[at];
    if (place) place.textContent = value === null || value === undefined ? NONE : fixed(value, series.decimals) + (unit ? ` ${unit}` : "");
  });
  const when = figure.querySelector(".reading-time");
  if (when) when.textContent = at === null || chart.at[at] === undefined ? "" : time(chart.at[at], chart.seconds);
}

document.addEventListener("keydown", (event) => {
  const box = /** @type {HTMLElement} */ (event.target);
  const chart = charts.get(box);
  const last = (chart?.at.length ?? 0) - 1;
  if (!chart || last < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
  const now = chart.plot.cursor.idx ?? last + 1;
  const to = { ArrowLeft: now - 1, ArrowRight: now + 1, PageUp: now - 10, PageDown: now + 10, Home: 0, End: last }[event.key];
  if (to === undefined) return;
  const index = Math.min(Math.max(to, 0), last);
  chart.plot.setCursor({ left: chart.plot.valToPos(chart.at[index], "x"), top: 0 }, true, true);
  event.preventDefault();
  const said = chart.series.map((series, i) => `${series.label} ${fixed(chart.raw[i]?.[index], series.decimals)} ${box.dataset.unit}`);
  const reading = document.getElementById("reading");
  if (reading) reading.textContent = `${time(chart.at[index], chart.seconds)}: ${said.join(", ")}`;
});

document.addEventListener("focusout", (event) => {
  const chart = charts.get(/** @type {HTMLElement} */ (event.target));
  chart?.plot.setCursor({ left: -10, top: -10 }, true, true);
});

/** The most rows a table shows, the latest first. */
const ROWS = 240;

/** @param {HTMLElement} details */
function fillTable(details) {
  if (!details.matches("details.as-table[open]")) return;
  const chart = charts.get(/** @type {HTMLElement} */ (details.closest("figure")?.querySelector(".plot")));
  const body = details.querySelector("tbody");
  if (!chart || !body) return;
  const rows = chart.at.map((at, i) => [time(at, chart.seconds), ...chart.series.map((series, s) => fixed(chart.raw[s]?.[i], series.decimals))]);
  const wanted = rows.slice(-ROWS).reverse();
  while (body.rows.length > wanted.length) body.deleteRow(-1);
  wanted.forEach((cells, i) => {
    const row = body.rows[i] ?? body.insertRow();
    cells.forEach((text, c) => {
      const cell = row.cells[c] ?? row.appendChild(document.createElement(c === 0 ? "th" : "td"));
      if (c > 0) cell.className = "number";
      if (cell.textContent !== text) cell.textContent = text;
    });
  });
}
