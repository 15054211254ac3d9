// Draws the figures of a page. Each <figure class="plot"> holds its numbers as JSON (report/figure_html.h says which);
// this makes an SVG of them in the width that there is, so that no label ever shrinks, and draws anew when the width
// changes. No library and nothing from outside: one file that works anywhere.
"use strict";
(() => {
const SVG = "http://www.w3.org/2000/svg";
const FONT = 12;  // px, at every width
const finite = Number.isFinite;
const clamp = (v, low, high) => Math.min(high, Math.max(low, v));

function node(parent, name, attributes, text) {
  const e = name.startsWith("svg:") ? document.createElementNS(SVG, name.slice(4)) : document.createElement(name);
  for (const key in attributes) e.setAttribute(key, attributes[key]);
  if (text !== undefined) e.textContent = text;
  if (parent) parent.append(e);
  return e;
}

const raised = n => String(n).replace(/-/g, "⁻").replace(/\d/g, d => "⁰¹²³⁴⁵⁶⁷⁸⁹"[d]);

function numberText(v) {
  if (v === null || !finite(v)) return "none";
  const size = Math.abs(v);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) {
    const exponent = Math.floor(Math.log10(size));
    const mantissa = (v / 10 ** exponent).toPrecision(3).replace(/\.?0+$/, "");
    return (mantissa === "1" ? "" : mantissa === "-1" ? "-" : mantissa + "·") + "10" + raised(exponent);
  }
  return String(+v.toPrecision(4));
}

function niceStep(span, count) {
  const rough = span / Math.max(1, count), power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 5, 10].find(m => m * power >= rough * 0.999);
}

// An axis: where a value is, and which ticks stand there. Signed logarithms (log|v| beyond `within`, straight between)
// show values of both signs over decades.
const kinds = {
  linear: { to: v => v, from: u => u },
  log: { to: v => v > 0 ? Math.log10(v) : NaN, from: u => 10 ** u },
  symlog: null,
};
function axis(kind, low, high, start, end, within) {
  const way = kind === "symlog"
    ? { to: v => Math.asinh(v / within / 2) / Math.LN10, from: u => 2 * within * Math.sinh(u * Math.LN10) }
    : kinds[kind];
  let a = way.to(low), b = way.to(high);
  if (!(b > a)) { a -= kind === "linear" ? Math.abs(a) * 0.1 || 1 : 0.5; b += kind === "linear" ? Math.abs(b) * 0.1 || 1 : 0.5; }
  const at = v => start + (way.to(v) - a) / (b - a) * (end - start);
  const value = px => way.from(a + (px - start) / (end - start) * (b - a));
  const ticks = count => {
    const list = [];
    if (kind === "log") {
      const first = Math.ceil(a - 1e-9), last = Math.floor(b + 1e-9);
      if (last - first < 1) {
        for (let e = Math.floor(a); e <= Math.ceil(b); ++e) for (const m of [1, 2, 5]) list.push(m * 10 ** e);
        return list.filter(v => way.to(v) >= a - 1e-9 && way.to(v) <= b + 1e-9);
      }
      const every = Math.max(1, Math.ceil((last - first + 1) / count));
      for (let e = last; e >= first; e -= every) list.push(10 ** e);
      return list;
    }
    if (kind === "symlog") {
      const top = Math.floor(Math.log10(Math.max(Math.abs(low), Math.abs(high), within)));
      const bottom = Math.round(Math.log10(within));
      const every = Math.max(1, Math.ceil((top - bottom + 1) * 2 / count));
      list.push(0);
      for (let e = top; e >= bottom; e -= every) list.push(10 ** e, -(10 ** e));
      return list.filter(v => v >= low && v <= high);
    }
    const step = niceStep(b - a, count);
    for (let k = Math.ceil(a / step - 1e-9); k * step <= b + step * 1e-9; ++k) list.push(+(k * step).toPrecision(12));
    return list;
  };
  return { at, value, ticks, from: way.from(a), to: way.from(b) };
}

// Words in lines of about `room` px.
function linesOf(content, room) {
  const lines = [""], most = Math.max(12, Math.floor(room / (FONT * 0.56)));
  for (const word of content.split(" ")) {
    const last = lines[lines.length - 1];
    if (last && last.length + 1 + word.length > most) lines.push(word);
    else lines[lines.length - 1] = last ? last + " " + word : word;
  }
  return lines;
}

// What all figures have in common: controls above, an SVG as wide as the figure, one line that says what is under the
// pointer or the cursor, a text alternative.
class Plot {
  constructor(figure, data) {
    this.figure = figure;
    this.data = data;
    this.zoom = null;    // part of the horizontal axis
    this.cursor = null;  // place looked at
    this.hidden = new Set();
    this.box = node(null, "div", { class: "drawn" });
    this.tools = node(this.box, "div", { class: "tools" });
    this.svg = node(this.box, "svg:svg", { tabindex: 0, role: "img", "aria-roledescription": "interactive figure" });
    this.said = node(this.box, "output", { class: "said", "aria-live": "polite" });
    this.key = node(this.box, "div", { class: "key" });
    figure.insertBefore(this.box, figure.firstChild);
    node(this.tools, "strong", {}, data.title);
    this.prepare();
    this.hint = this.hintText();
    this.svg.setAttribute("aria-label", data.title + ". " + this.describe() + " " + this.hint);
    this.svg.addEventListener("keydown", event => this.keyed(event));
    this.svg.addEventListener("pointermove", event => this.pointed(event));
    this.svg.addEventListener("pointerleave", () => { if (!this.dragged) this.look(null); });
    this.svg.addEventListener("blur", () => this.look(null));
    new ResizeObserver(() => this.draw()).observe(this.box);
    this.draw();
  }
  button(text, title, action) {
    const b = node(this.tools, "button", { type: "button", title }, text);
    b.addEventListener("click", () => { action(b); this.draw(); });
    return b;
  }
  // The SVG empty, in the width that there is; false where there is none (inside what is folded).
  clear(height) {
    const width = Math.floor(this.box.clientWidth);
    if (width < 40) return false;
    this.width = width;
    this.svg.replaceChildren();
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("height", height);
    return true;
  }
  text(x, y, content, anchor, extra) {
    return node(this.svg, "svg:text", { x, y, "text-anchor": anchor, "font-size": FONT, ...extra }, content);
  }
  // The label of a tick: about its place, but within the picture.
  tick(x, y, content) {
    const label = this.text(x, y, content, "middle"), half = label.getComputedTextLength() / 2;
    label.setAttribute("x", clamp(x, half, this.width - half));
  }
  // Text in lines as long as fit into `room`, the last at `y`.
  wrapped(x, y, content, room) {
    const lines = linesOf(content, room);
    lines.forEach((line, i) => this.text(x, y - (lines.length - 1 - i) * (FONT + 3), line, "middle"));
  }
  local(event) {
    const box = this.svg.getBoundingClientRect();
    return [(event.clientX - box.left) * this.width / box.width, (event.clientY - box.top) * this.width / box.width];
  }
  // What the reader has chosen here, so that it outlasts a page that is loaded anew.
  chosen() { return {}; }
  choose() {}
  say(text) { this.said.textContent = text || this.hint; this.said.classList.toggle("idle", !text); }
  pointed(event) { const [x, y] = this.local(event); this.look(x, y); }
}

class Lines extends Plot {
  hintText() { return "Point at the curves for their values, or use the arrow keys; drag to zoom in, Escape for all."; }
  prepare() {
    const d = this.data;
    this.scale = d.y.scale;
    this.series = d.series.map(s => {
      const x = s.x || s.y.map((_, k) => k + (s.from || 0));
      return { ...s, x, css: s.family !== undefined ? `var(--f${s.family})` : s.color !== undefined ? `var(--c${s.color})` : "currentColor" };
    });
    const all = this.series.flatMap(s => s.x);
    this.full = [all.reduce((a, b) => Math.min(a, b), Infinity), all.reduce((a, b) => Math.max(a, b), -Infinity)];
    this.places = [...new Set(all)].sort((a, b) => a - b);
    this.switch = this.button("", "Equal steps or powers of ten along the vertical axis (key L)", () => this.turnScale());
    this.button("+", "Zoom in (key +)", () => this.zoomBy(0.5)).setAttribute("aria-label", "zoom in");
    this.button("−", "Zoom out (key -)", () => this.zoomBy(2)).setAttribute("aria-label", "zoom out");
    this.button("all", "Show all (Escape)", () => { this.zoom = null; });
    this.svg.addEventListener("pointerdown", event => {
      if (event.button) return;
      this.dragged = this.local(event)[0];
      this.svg.setPointerCapture(event.pointerId);
    });
    this.svg.addEventListener("pointerup", event => {
      const from = this.dragged, to = this.local(event)[0];
      this.dragged = undefined;
      if (from === undefined || Math.abs(to - from) < 8) return;
      this.zoom = [this.x.value(Math.min(from, to)), this.x.value(Math.max(from, to))].map(v => clamp(v, ...this.full));
      this.draw();
    });
    this.svg.addEventListener("dblclick", () => { this.zoom = null; this.draw(); });
    this.makeKey();
  }
  makeKey() {
    this.series.forEach((s, i) => {
      if (!s.name || this.data.family) return;
      const b = node(this.key, "button", { type: "button", "aria-pressed": "true", title: "Show or hide this curve" });
      const sample = node(b, "svg:svg", { width: 22, height: 10, "aria-hidden": "true" });
      if (s.dash === "points") node(sample, "svg:circle", { cx: 11, cy: 5, r: 4, style: `fill:${s.css}` });
      else node(sample, "svg:line", { x1: 1, x2: 21, y1: 5, y2: 5, class: "curve " + (s.dash || ""), style: `stroke:${s.css}` });
      node(b, "span", {}, s.name);
      b.addEventListener("click", () => {
        this.hidden.has(i) ? this.hidden.delete(i) : this.hidden.add(i);
        b.setAttribute("aria-pressed", String(!this.hidden.has(i)));
        this.draw();
      });
    });
  }
  chosen() {
    return { hidden: [...this.hidden].map(i => this.series[i].name), zoom: this.zoom, turned: this.scale !== this.data.y.scale };
  }
  choose(was) {
    this.series.forEach((s, i) => { if (was.hidden.includes(s.name)) this.hidden.add(i); });
    for (const b of this.key.children) b.setAttribute("aria-pressed", String(!was.hidden.includes(b.textContent)));
    this.zoom = was.zoom;
    if (was.turned) this.turnScale();
    this.draw();
  }
  turnScale() {
    const other = this.data.y.scale === "linear" ? (this.positive() ? "log" : "symlog") : this.data.y.scale;
    this.scale = this.scale === "linear" ? other : "linear";
  }
  positive() { return this.series.every(s => s.y.every(v => v === null || v > 0)); }
  zoomBy(factor) {
    const [a, b] = this.zoom || this.full, centre = this.cursor === null ? (a + b) / 2 : this.cursor;
    const span = Math.max((b - a) * factor, (this.full[1] - this.full[0]) / 500);
    if (span >= this.full[1] - this.full[0]) { this.zoom = null; return; }
    const from = clamp(centre - span / 2, this.full[0], this.full[1] - span);
    this.zoom = [from, from + span];
  }
  describe() {
    const parts = this.series.filter(s => s.name).slice(0, 8).map(s => {
      const seen = s.y.map((v, k) => [s.x[k], v]).filter(p => p[1] !== null);
      if (!seen.length) return `${s.name}: no values.`;
      if (s.dash === "points") return `${s.name}: ${seen.length} places, marked.`;
      const [first, last] = [seen[0], seen[seen.length - 1]];
      return `${s.name}: from ${numberText(first[1])} at ${numberText(first[0])} to ${numberText(last[1])} at ${numberText(last[0])}.`;
    });
    return `${this.data.y.label} over ${this.data.x.label}. ${parts.join(" ")}`;
  }
  draw() {
    const height = clamp(Math.round(this.box.clientWidth * 0.55), 230, 380);
    if (!this.clear(height)) return;
    this.switch.textContent = "axis: " + (this.scale === "linear" ? "linear" : "log");
    this.switch.setAttribute("aria-pressed", String(this.scale !== "linear"));
    const shown = this.series.filter((_, i) => !this.hidden.has(i));
    const [from, to] = this.zoom || this.full;
    const within = (s, k) => s.x[k] >= from && s.x[k] <= to;
    let low = Infinity, high = -Infinity;
    for (const s of shown) {
      for (const list of [s.y, s.low, s.high]) {
        if (list) list.forEach((v, k) => {
          if (v === null || !within(s, k) && s.x.length > 2 || this.scale === "log" && v <= 0) return;
          low = Math.min(low, v);
          high = Math.max(high, v);
        });
      }
    }
    if (low > high) { low = this.scale === "log" ? 0.1 : 0; high = 1; }
    if (this.scale === "linear") {
      const pad = (high - low) * 0.05;
      low -= low >= 0 && low - pad < 0 ? low : pad;
      high += pad;
    }
    if (this.scale === "log" && high > low) {  // what lies at an end is not to lie on the axis
      const pad = (high / low) ** 0.03;
      low /= pad;
      high *= pad;
    }
    const named = linesOf(this.data.x.label, this.width - 80).length;
    const area = { left: 62, right: this.width - 12, top: 22, bottom: height - 29 - named * (FONT + 3) };
    this.area = area;
    const y = this.y = axis(this.scale, low, high, area.bottom, area.top, this.data.y.within || 1);
    const x = this.x = axis("linear", from, to, area.left, area.right);
    // Of the labels about 0 on a signed axis some would lie on one another.
    for (const v of y.ticks(Math.floor((area.bottom - area.top) / 34))) {
      if (this.scale === "symlog" && v !== 0 && Math.abs(y.at(v) - y.at(0)) < FONT + 2) continue;
      node(this.svg, "svg:line", { class: "grid", x1: area.left, x2: area.right, y1: y.at(v), y2: y.at(v) });
      this.text(area.left - 6, y.at(v) + 4, numberText(v), "end");
    }
    for (const v of x.ticks(Math.floor((area.right - area.left) / 70))) {
      if (this.data.x.whole && !Number.isInteger(v)) continue;
      node(this.svg, "svg:line", { class: "axis", x1: x.at(v), x2: x.at(v), y1: area.bottom, y2: area.bottom + 5 });
      this.tick(x.at(v), area.bottom + 18, numberText(v));
    }
    node(this.svg, "svg:path", { class: "axis", d: `M${area.left} ${area.top}V${area.bottom}H${area.right}` });
    this.wrapped((area.left + area.right) / 2, height - 8, this.data.x.label, this.width - 80);
    this.text(4, 12, this.data.y.label, "start");
    const clip = "clip" + (Plot.count = (Plot.count || 0) + 1);
    node(node(this.svg, "svg:clipPath", { id: clip }), "svg:rect",
         { x: area.left - 1, y: area.top - 3, width: area.right - area.left + 2, height: area.bottom - area.top + 6 });
    const group = node(this.svg, "svg:g", { "clip-path": `url(#${clip})` });
    for (const s of shown) {
      if (s.low) this.band(group, s);
    }
    for (const s of shown) this.curve(group, s);
    this.marks = node(this.svg, "svg:g", { class: "marks" });
    this.mark();
  }
  place(v) { const at = this.y.at(v); return finite(at) ? clamp(at, -1e4, 1e4).toFixed(1) : null; }
  curve(group, s) {
    let path = "", count = 0, pen = "M";
    if (s.dash !== "points") s.y.forEach((v, k) => {
      const at = v === null ? null : this.place(v);
      if (at === null) { pen = "M"; return; }
      path += pen + this.x.at(s.x[k]).toFixed(1) + " " + at;
      pen = "L";
      ++count;
    });
    node(group, "svg:path", { class: "curve " + (s.dash || ""), d: path || "M0 0", style: `stroke:${s.css}` });
    if (count > 3 || s.dash && s.dash !== "points" && !s.dash.startsWith("turn")) return;
    s.y.forEach((v, k) => {  // a line through one or two points would hardly be seen
      const at = v === null ? null : this.place(v);
      if (at !== null) node(group, "svg:circle", { cx: this.x.at(s.x[k]), cy: at, r: 3, style: `fill:${s.css}` });
    });
  }
  band(group, s) {
    const edge = (list, k) => {
      const at = list[k] === null ? null : this.place(list[k]);
      return at === null ? this.area.bottom : at;
    };
    let run = [];
    const flush = () => {
      if (run.length > 1) {
        const up = run.map(k => this.x.at(s.x[k]).toFixed(1) + " " + edge(s.high, k));
        const down = run.reverse().map(k => this.x.at(s.x[k]).toFixed(1) + " " + edge(s.low, k));
        node(group, "svg:path", { class: "band", d: "M" + up.concat(down).join("L") + "Z", style: `fill:${s.css}` });
      }
      run = [];
    };
    s.y.forEach((_, k) => { s.high[k] === null || s.low[k] === null ? flush() : run.push(k); });
    flush();
  }
  // Looks at the place nearest to a position on the screen.
  look(px) {
    if (px === null) {
      this.cursor = null;
    } else {
      const wanted = this.x.value(clamp(px, this.area.left, this.area.right));
      this.cursor = this.places.reduce((best, v) => Math.abs(v - wanted) < Math.abs(best - wanted) ? v : best, this.places[0]);
    }
    this.mark(px);
  }
  mark(px) {
    if (!this.marks) return;
    this.marks.replaceChildren();
    if (this.dragged !== undefined && px !== undefined && px !== null) {
      node(this.marks, "svg:rect", { class: "chosen", x: Math.min(px, this.dragged), y: this.area.top,
                                     width: Math.abs(px - this.dragged), height: this.area.bottom - this.area.top });
    }
    if (this.cursor === null) { this.say(""); return; }
    const at = this.x.at(this.cursor);
    node(this.marks, "svg:line", { class: "cursor", x1: at, x2: at, y1: this.area.top, y2: this.area.bottom });
    const words = [];
    this.series.forEach((s, i) => {
      if (this.hidden.has(i) || !s.name || s.dash === "dotted") return;
      const k = s.x.indexOf(this.cursor);
      if (k < 0) return;
      const y = s.y[k] === null ? null : this.place(s.y[k]);
      if (y !== null) node(this.marks, "svg:circle", { cx: at, cy: y, r: 4, style: `fill:${s.css}` });
      words.push(s.dash === "points" ? s.name : `${s.name} ${s.y[k] === null ? "not measured" : numberText(s.y[k])}`);
    });
    const most = 8;
    if (words.length > most) words.splice(most, Infinity, `and ${words.length - most} more`);
    this.say(`${this.data.x.label} ${numberText(this.cursor)}: ${words.join(", ")}`);
  }
  keyed(event) {
    const inside = this.places.filter(v => v >= (this.zoom || this.full)[0] && v <= (this.zoom || this.full)[1]);
    const now = this.cursor === null ? -1 : inside.indexOf(this.cursor), by = event.shiftKey ? 10 : 1;
    const go = to => { this.cursor = inside[clamp(to, 0, inside.length - 1)]; this.mark(); };
    const keys = {
      ArrowRight: () => go(now + by), ArrowLeft: () => go(now < 0 ? inside.length - 1 : now - by),
      Home: () => go(0), End: () => go(inside.length - 1),
      "+": () => { this.zoomBy(0.5); this.draw(); }, "-": () => { this.zoomBy(2); this.draw(); },
      Escape: () => { this.zoom = null; this.draw(); }, l: () => { this.turnScale(); this.draw(); },
    };
    const action = keys[event.key] || keys[event.key.toLowerCase()];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  }
}

// Cells coloured by value. As one path a colour: thousands of cells stay light, and sharp in print.
const kShades = 24;
function shadeOf(value, low, high) {
  return clamp(Math.floor((value - low) / (high - low || 1) * kShades), 0, kShades - 1);
}
// Dark blue over green to pale yellow, lightness rising evenly (like cividis): the same order for colour-blind eyes, in grey too.
function shadeColour(i) {
  const stops = [[20, 26, 72], [47, 100, 142], [93, 163, 153], [186, 205, 140], [255, 244, 196]];
  const t = i / (kShades - 1) * (stops.length - 1), k = Math.min(stops.length - 2, Math.floor(t));
  return `rgb(${stops[k].map((c, j) => Math.round(c + (t - k) * (stops[k + 1][j] - c))).join(",")})`;
}

class Cells extends Plot {
  hintText() { return "Point at a cell for its value, or use the arrow keys."; }
  prepare() {
    const d = this.data;
    this.flat = d.values.flat().filter(v => v !== null);
    this.low = d.low < d.high ? d.low : this.flat.reduce((a, b) => Math.min(a, b), Infinity);
    this.high = d.low < d.high ? d.high : this.flat.reduce((a, b) => Math.max(a, b), -Infinity);
    this.cell = null;
  }
  describe() {
    const d = this.data;
    return `A grid of ${d.rows.length} rows (${d.y_label}) and ${d.columns.length} columns (${d.x_label}); ${d.value_label} ` +
           (this.flat.length ? `from ${numberText(this.low)} to ${numberText(this.high)}.` : "has no values.");
  }
  // Draws the cells into a part of the SVG; returns where they are.
  grid(area) {
    const d = this.data, wide = (area.right - area.left) / d.columns.length, high = (area.bottom - area.top) / d.rows.length;
    const paths = Array.from({ length: kShades }, () => "");
    d.values.forEach((row, r) => row.forEach((v, c) => {
      if (v === null) return;
      const x = area.left + c * wide, y = area.top + r * high;
      paths[shadeOf(v, this.low, this.high)] += `M${x.toFixed(1)} ${y.toFixed(1)}h${(wide + 0.3).toFixed(1)}v${(high + 0.3).toFixed(1)}h-${(wide + 0.3).toFixed(1)}z`;
    }));
    paths.forEach((path, i) => { if (path) node(this.svg, "svg:path", { class: "cells", d: path, fill: shadeColour(i) }); });
    if (d.crossed) d.values.forEach((row, r) => row.forEach((v, c) => {
      if (v === null) this.text(area.left + (c + 0.5) * wide, area.top + (r + 0.5) * high + 4, "×", "middle");
    }));
    return { wide, high };
  }
  names(list, room, each) {
    const named = list.map((name, k) => [name, k]).filter(p => p[0] !== "");
    const every = Math.max(1, Math.ceil(named.length * each / room));
    return named.filter((_, i) => i % every === 0);
  }
  colourKey(x, y, width) {
    for (let i = 0; i < kShades; ++i) {
      node(this.svg, "svg:rect", { x: x + i * width / kShades, y, width: width / kShades + 0.5, height: 9, fill: shadeColour(i) });
    }
    this.text(x, y + 23, numberText(this.low), "start");
    this.text(x + width, y + 23, numberText(this.high), "end");
    this.text(x + width / 2, y + 23, this.data.value_label, "middle");
  }
  draw() {
    const d = this.data, size = Math.min(this.box.clientWidth, 520), height = Math.round(size * 0.8) + 40;
    if (!this.clear(height)) return;
    const area = this.area = { left: 58, right: Math.min(this.width, 520) - 12, top: 24, bottom: height - 84 };
    const cell = this.size = this.grid(area);
    for (const [name, c] of this.names(d.columns, area.right - area.left, 34)) {
      this.tick(area.left + (c + 0.5) * cell.wide, area.bottom + 15, name);
    }
    for (const [name, r] of this.names(d.rows, area.bottom - area.top, 18)) {
      this.text(area.left - 6, area.top + (r + 0.5) * cell.high + 4, name, "end");
    }
    this.text((area.left + area.right) / 2, area.bottom + 33, d.x_label + (d.crossed ? ` (×: ${d.crossed})` : ""), "middle");
    this.text(4, 13, d.y_label, "start");
    this.colourKey(area.left, height - 36, area.right - area.left);
    this.marks = node(this.svg, "svg:g", { class: "marks" });
    this.mark();
  }
  look(px, py) {
    if (px === null) { this.cell = null; this.mark(); return; }
    const d = this.data, c = Math.floor((px - this.area.left) / this.size.wide), r = Math.floor((py - this.area.top) / this.size.high);
    this.cell = c >= 0 && r >= 0 && c < d.columns.length && r < d.rows.length ? [r, c] : null;
    this.mark();
  }
  mark() {
    if (!this.marks) return;
    this.marks.replaceChildren();
    if (!this.cell) { this.say(""); return; }
    const [r, c] = this.cell, d = this.data;
    node(this.marks, "svg:rect", { class: "cursor", x: this.area.left + c * this.size.wide, y: this.area.top + r * this.size.high,
                                   width: this.size.wide, height: this.size.high });
    this.say(`${d.y_label} ${d.rows[r] || r}, ${d.x_label} ${d.columns[c] || c}: ` +
             (d.values[r][c] === null ? d.crossed || "no value" : `${d.value_label} ${numberText(d.values[r][c])}`));
  }
  keyed(event) {
    const way = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
    if (!way) return;
    event.preventDefault();
    const [r, c] = this.cell || [0, -way[1]];
    this.cell = [clamp(r + way[0], 0, this.data.rows.length - 1), clamp(c + way[1], 0, this.data.columns.length - 1)];
    this.mark();
  }
}

// Spectra over the time of training: the spectrum of one moment as a curve, and all moments as a map below it; a slider
// goes through them. Values are log10 of eigenvalues.
class Film extends Plot {
  hintText() { return "Move the slider, or point at the map, to go through the training."; }
  prepare() {
    const d = this.data;
    this.layers = Object.keys(d.layers);
    this.layer = this.layers[0];
    this.time = d.steps.length - 1;
    if (this.layers.length > 1) this.tools.classList.add("many");
    for (const name of this.layers.length > 1 ? this.layers : []) {
      const b = this.button(name, "Show the spectrum of " + name, () => { this.layer = name; });
      b.dataset.layer = name;
    }
    const label = node(this.box, "label", { class: "time" });
    node(label, "span", {}, "step of training");
    this.slider = node(label, "input", { type: "range", min: 0, max: d.steps.length - 1, value: this.time });
    this.slider.addEventListener("input", () => { this.time = +this.slider.value; this.draw(); });
    this.box.insertBefore(label, this.svg);
    this.play = this.button("▶", "Play the training", () => this.run());
  }
  run() {
    if (this.timer) { this.stop(); return; }
    this.time = this.time === this.data.steps.length - 1 ? 0 : this.time;
    this.play.textContent = "❚❚";
    this.timer = setInterval(() => {
      if (++this.time >= this.data.steps.length - 1) { this.time = this.data.steps.length - 1; this.stop(); }
      this.draw();
    }, Math.max(40, 6000 / this.data.steps.length));
  }
  stop() { clearInterval(this.timer); this.timer = null; this.play.textContent = "▶"; }
  // The last step is followed.
  chosen() {
    return { layer: this.layer, step: this.time === this.data.steps.length - 1 ? null : this.data.steps[this.time] };
  }
  choose(was) {
    if (this.layers.includes(was.layer)) this.layer = was.layer;
    const later = this.data.steps.findIndex(step => step >= was.step);
    if (was.step !== null && later >= 0) this.time = later;
    this.draw();
  }
  dead(t) {
    const values = this.data.layers[this.layer].values[t], line = values[0] + Math.log10(this.data.dead_below);
    return values[0] === null ? values.length : values.filter(v => v === null || v < line).length;
  }
  describe() {
    const d = this.data, last = d.steps.length - 1;
    return this.layers.map(name => {
      const v = d.layers[name].values, size = t => numberText(v[t][0] === null ? 0 : 10 ** v[t][0]);
      return `Spectrum of ${name} from step ${d.steps[0]}, largest eigenvalue ${size(0)}, to step ${d.steps[last]}, largest ${size(last)}.`;
    }).join(" ");
  }
  draw() {
    const d = this.data, layer = d.layers[this.layer], top = clamp(Math.round(this.box.clientWidth * 0.4), 190, 300), height = top + 236;
    if (!this.clear(height)) return;
    for (const b of this.tools.querySelectorAll("[data-layer]")) b.setAttribute("aria-pressed", String(b.dataset.layer === this.layer));
    const all = layer.values.flat().filter(v => v !== null);
    const ends = [all.reduce((a, b) => Math.min(a, b), Infinity), all.reduce((a, b) => Math.max(a, b), -Infinity)];
    if (!all.length) { ends[0] = -1; ends[1] = 0; }
    ends[0] = Math.max(ends[0], ends[1] - 12);
    const left = 62, right = this.width - 12;
    const y = axis("log", 10 ** ends[0], 10 ** ends[1], top - 42, 22);
    const x = axis("linear", 1, Math.max(2, layer.ranks[layer.ranks.length - 1]), left, right);
    for (const v of y.ticks(6)) {
      node(this.svg, "svg:line", { class: "grid", x1: left, x2: right, y1: y.at(v), y2: y.at(v) });
      this.text(left - 6, y.at(v) + 4, numberText(v), "end");
    }
    for (const v of x.ticks(Math.floor((right - left) / 70))) this.tick(x.at(v), top - 24, numberText(v));
    node(this.svg, "svg:path", { class: "axis", d: `M${left} 22V${top - 42}H${right}` });
    this.text(4, 12, "variance along the direction", "start");
    this.text((left + right) / 2, top - 6, "direction, strongest first", "middle");
    const curve = (t, style) => {
      let path = "";
      layer.values[t].forEach((v, k) => { if (v !== null && v >= ends[0]) path += (path ? "L" : "M") + x.at(layer.ranks[k]).toFixed(1) + " " + y.at(10 ** v).toFixed(1); });
      node(this.svg, "svg:path", { class: "curve " + style, d: path || "M0 0", style: style ? "stroke:var(--quiet)" : `stroke:var(--c${d.color})` });
    };
    curve(0, "dotted");
    curve(d.steps.length - 1, "thin");
    this.text(left + 8, top - 50, "dotted: first step, thin: last", "start");  // where no curve is
    const head = layer.values[this.time][0];
    if (head !== null && head + Math.log10(d.dead_below) > ends[0]) {
      const at = y.at(10 ** head * d.dead_below);
      node(this.svg, "svg:line", { class: "limit", x1: left, x2: right, y1: at, y2: at });
      const last = layer.values[this.time].findLast(v => v !== null);  // the label stands where the curve does not end
      this.text(right, last < head + Math.log10(d.dead_below) ? at - 4 : at + 14, "below: dead", "end");
    }
    curve(this.time, "");
    this.map(layer, ends, { left, right, top: top + 22, bottom: height - 84 });
    this.slider.value = this.time;
    this.slider.setAttribute("aria-valuetext", `step ${d.steps[this.time]}`);
    const n = layer.values[this.time].length, dead = this.dead(this.time);
    this.say(`Step ${d.steps[this.time]}: ${this.layer}, largest variance ${numberText(10 ** (head === null ? -Infinity : head))}, ` +
             `${n === layer.dimensions ? dead : "about " + Math.round(dead * layer.dimensions / n)} of ${layer.dimensions} directions dead.`);
  }
  map(layer, ends, area) {
    const d = this.data, wide = (area.right - area.left) / d.steps.length, tall = (area.bottom - area.top) / layer.ranks.length;
    const paths = Array.from({ length: kShades }, () => "");
    layer.values.forEach((values, t) => values.forEach((v, k) => {
      const shade = v === null ? 0 : shadeOf(v, ends[0], ends[1]);
      paths[shade] += `M${(area.left + t * wide).toFixed(1)} ${(area.top + k * tall).toFixed(1)}h${(wide + 0.3).toFixed(1)}v${(tall + 0.3).toFixed(1)}h-${(wide + 0.3).toFixed(1)}z`;
    }));
    paths.forEach((path, i) => { if (path) node(this.svg, "svg:path", { class: "cells", d: path, fill: shadeColour(i) }); });
    this.area = area;
    this.wide = wide;
    const at = area.left + (this.time + 0.5) * wide;
    node(this.svg, "svg:line", { class: "cursor", x1: at, x2: at, y1: area.top - 4, y2: area.bottom + 4 });
    this.text(4, area.top - 8, "directions over time: light strong, dark weak", "start");
    for (const k of [0, layer.ranks.length - 1]) {
      this.text(area.left - 6, area.top + (k + 0.5) * tall + 4, numberText(layer.ranks[k]), "end");
    }
    const every = Math.max(1, Math.ceil(d.steps.length * 64 / (area.right - area.left)));
    for (let t = 0; t < d.steps.length; t += every) this.tick(area.left + (t + 0.5) * wide, area.bottom + 17, String(d.steps[t]));
    this.text((area.left + area.right) / 2, area.bottom + 34, "step of training (vertical line: the step shown)", "middle");
    const low = area.bottom + 44, width = area.right - area.left;
    for (let i = 0; i < kShades; ++i) {
      node(this.svg, "svg:rect", { x: area.left + i * width / kShades, y: low, width: width / kShades + 0.5, height: 8, fill: shadeColour(i) });
    }
    this.text(area.left, low + 22, numberText(10 ** ends[0]), "start");
    this.text(area.right, low + 22, numberText(10 ** ends[1]), "end");
    this.text((area.left + area.right) / 2, low + 22, "variance", "middle");
  }
  look(px, py) {
    if (px === null || py === undefined || py < this.area.top || px < this.area.left || px > this.area.right) return;
    this.time = clamp(Math.floor((px - this.area.left) / this.wide), 0, this.data.steps.length - 1);
    this.draw();
  }
  keyed(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1, Home: -1e9, End: 1e9 }[event.key];
    if (!by) return;
    event.preventDefault();
    this.time = clamp(this.time + by, 0, this.data.steps.length - 1);
    this.draw();
  }
}

const makers = { lines: Lines, cells: Cells, film: Film };
const plots = [];
for (const figure of document.querySelectorAll("figure.plot")) {
  const data = JSON.parse(figure.querySelector("script").textContent);
  plots.push(new makers[data.kind](figure, data));
}
// On paper nothing can be unfolded, and a sheet has another width.
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")];
  folded.forEach(d => { d.open = true; });
  plots.forEach(p => p.draw());
});
addEventListener("afterprint", () => folded.forEach(d => { d.open = false; }));
// A page of a training that goes on is loaded anew, but not while somebody is at a figure. What the reader has chosen
// stays, and a page that nobody has written anew for long says so.
const anew = document.getElementById("anew"), name = "directclr " + location.pathname, now = Date.now();
let kept = {};
try { kept = JSON.parse(sessionStorage.getItem(name)) || {}; } catch { /* nothing is kept */ }
for (const p of plots) if (kept.chosen && kept.chosen[p.figure.id]) p.choose(kept.chosen[p.figure.id]);
if (anew) {
  const every = 1000 * anew.dataset.seconds, since = kept.look === anew.dataset.look ? kept.since : now;
  if (now - since > Math.max(3 * every, 15000)) {
    anew.textContent = `For ${Math.round((now - since) / 1000)} s this page has not been written anew: is directclr watch still at work?`;
  }
  setInterval(() => {
    if (document.querySelector("figure:hover, figure :focus-visible")) return;
    const chosen = Object.fromEntries(plots.map(p => [p.figure.id, p.chosen()]));
    try { sessionStorage.setItem(name, JSON.stringify({ look: anew.dataset.look, since, chosen })); } catch { /* as above */ }
    location.reload();
  }, every);
}
})();
