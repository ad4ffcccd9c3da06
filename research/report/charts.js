const SVG = "http://www.w3.org/2000/svg";
const data = JSON.parse(document.getElementById("data").textContent);

function draw(parent, name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  if (text !== undefined) element.textContent = text;
  parent.appendChild(element);
  return element;
}
function color(name) { return "var(--" + name + ")"; }
function sheet(holder, width, height) {
  holder.replaceChildren();
  return draw(holder, "svg", { viewBox: "0 0 " + width + " " + height, height: height, preserveAspectRatio: "none" });
}
function two(number) { return String(number).padStart(2, "0"); }
function day(time) { return new Date(time).toISOString().slice(0, 10); }
function minute(time) { return new Date(time).toISOString().slice(0, 16).replace("T", " "); }
function amount(value, digits) {
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
// Round numbers between low and high, about as many as asked for.
function ticks(low, high, count) {
  const rough = (high - low || 1) / count, size = Math.pow(10, Math.floor(Math.log10(rough)));
  const step = size * [1, 2, 2.5, 5, 10].find(each => each * size >= rough);
  const found = [];
  for (let at = Math.ceil(low / step); at * step <= high + step * 1e-9; at++) found.push(at * step);
  return found;
}
// Digits behind the point that tell neighbouring ticks apart.
function places(found) {
  const step = found.length > 1 ? found[1] - found[0] : 1;
  for (let digits = 0; digits < 10; digits++)
    if (Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) < 1e-6) return digits;
  return 10;
}
const STEPS = [1, 5, 15, 30, 60, 180, 360, 720, 1440, 2880, 7200, 10080].map(each => each * 60000);
// Marks of a time axis: round times, with the day where it begins.
function timeMarks(begin, end, most) {
  const span = end - begin, step = STEPS.find(each => span / each <= most);
  const found = [];
  if (step) {
    for (let at = Math.ceil(begin / step) * step; at <= end; at += step) {
      const date = new Date(at), midnight = at % 86400000 === 0;
      found.push({ at, strong: midnight && step < 86400000,
        text: midnight || step >= 86400000 ? day(at).slice(5) : two(date.getUTCHours()) + ":" + two(date.getUTCMinutes()) });
    }
    return found;
  }
  const months = Math.max(1, Math.ceil(span / (30.4 * 86400000) / most));
  const date = new Date(begin);
  let year = date.getUTCFullYear(), month = date.getUTCMonth() + 1;
  for (;;) {
    const at = Date.UTC(year, month, 1);
    if (at > end) return found;
    found.push({ at, strong: new Date(at).getUTCMonth() === 0, text: day(at).slice(0, 7) });
    month += months;
  }
}

function drawEquity(holder) {
  const times = [], count = data.times.length;
  let sum = 0;
  for (const each of data.times) times.push((sum += each) * 1000);
  if (count < 2) { holder.textContent = "No equity was recorded."; return; }
  const width = Math.max(280, holder.clientWidth), left = 4, right = width - 64, top = 8, bottom = 250, under = 276, floor = 366;
  const svg = sheet(holder, width, 392);
  const begin = times[0], end = times[count - 1], x = at => left + (at - begin) / (end - begin || 1) * (right - left);
  const low = Math.min(...data.equity) / 100, high = Math.max(...data.equity) / 100, room = (high - low || 1) * 0.05;
  const y = value => bottom - (value - low + room) / (high - low + 2 * room) * (bottom - top);
  const worst = Math.max(1, ...data.drawdown), fall = value => under + value / worst * (floor - under);
  const marks = ticks(low - room, high + room, 5), digits = places(marks);
  for (const mark of timeMarks(begin, end, width / 90)) {
    draw(svg, "line", { x1: x(mark.at), x2: x(mark.at), y1: top, y2: floor, stroke: color("grid") });
    if (x(mark.at) < right - 14)
      draw(svg, "text", { x: Math.max(x(mark.at), 22), y: floor + 18, "text-anchor": "middle" }, mark.text);
  }
  for (const mark of marks) {
    draw(svg, "line", { x1: left, x2: right, y1: y(mark), y2: y(mark), stroke: color("grid") });
    draw(svg, "text", { x: right + 6, y: y(mark) + 4 }, amount(mark, digits));
  }
  draw(svg, "line", { x1: left, x2: right, y1: y(data.equity[0] / 100), y2: y(data.equity[0] / 100),
    stroke: color("faint"), "stroke-dasharray": "4 3" });
  draw(svg, "path", { d: path(times, data.equity.map(each => each / 100), x, y), fill: "none", stroke: color("bullish_block"),
    "stroke-width": 1.6, "stroke-linejoin": "round" });
  const line = path(times, data.drawdown, x, fall);
  draw(svg, "path", { d: line + "L" + x(end).toFixed(1) + " " + under + "L" + left + " " + under + "Z", fill: color("bearish"), "fill-opacity": 0.3 });
  draw(svg, "path", { d: line, fill: "none", stroke: color("bearish"), "stroke-width": 1 });
  draw(svg, "line", { x1: left, x2: right, y1: under, y2: under, stroke: color("axis") });
  draw(svg, "text", { x: left + 2, y: under - 6, class: "plate" }, "below the highest equity before");
  draw(svg, "text", { x: right + 6, y: under + 4 }, "0 %");
  draw(svg, "text", { x: right + 6, y: floor }, "−" + amount(worst / 100, 1) + " %");
  const cross = draw(svg, "line", { y1: top, y2: floor, stroke: color("axis"), visibility: "hidden" });
  const dot = draw(svg, "circle", { r: 4, fill: color("bullish_block"), visibility: "hidden" });
  const plate = draw(svg, "text", { y: top + 12, class: "strong plate", visibility: "hidden" });
  let shown = count - 1;
  function show(place) {
    shown = Math.min(Math.max(place, 0), count - 1);
    const at = x(times[shown]), value = data.equity[shown] / 100;
    for (const each of [cross, dot, plate]) each.setAttribute("visibility", "visible");
    cross.setAttribute("x1", at); cross.setAttribute("x2", at);
    dot.setAttribute("cx", at); dot.setAttribute("cy", y(value));
    plate.setAttribute("text-anchor", at < width / 2 ? "start" : "end");
    plate.setAttribute("x", at + (at < width / 2 ? 8 : -8));
    plate.textContent = minute(times[shown]) + "  " + amount(value, 2) + " USDT  " + (data.drawdown[shown] ? "−" : "") + amount(data.drawdown[shown] / 100, 2) + " %";
  }
  svg.addEventListener("pointermove", event => {
    const box = svg.getBoundingClientRect(), at = begin + ((event.clientX - box.left) * width / box.width - left) / (right - left) * (end - begin);
    let low = 0, high = count - 1;
    while (low < high) { const middle = (low + high) >> 1; if (times[middle] < at) low = middle + 1; else high = middle; }
    show(low);
  });
  holder.onkeydown = event => {
    const move = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20 }[event.key];
    if (move) { event.preventDefault(); show(shown + move); }
  };
}
function path(times, values, x, y) {
  let text = "";
  for (let at = 0; at < times.length; at++) text += (at ? "L" : "M") + x(times[at]).toFixed(1) + " " + y(values[at]).toFixed(1);
  return text;
}

function drawR(holder) {
  const bars = data.r;
  if (!bars.length) { holder.textContent = "No trade with a known risk was closed."; return; }
  const width = Math.max(280, holder.clientWidth), left = 30, right = width - 8, top = 18, bottom = 180;
  const svg = sheet(holder, width, 214);
  const first = Math.min(bars[0].low, -1), last = Math.max(bars[bars.length - 1].high, 1);
  const most = Math.max(...bars.map(each => each.trades));
  const x = at => left + (at - first) / (last - first) * (right - left), y = value => bottom - value / most * (bottom - top);
  for (const mark of ticks(0, most, Math.min(4, most)).filter(Number.isInteger)) {
    draw(svg, "line", { x1: left, x2: right, y1: y(mark), y2: y(mark), stroke: color("grid") });
    draw(svg, "text", { x: left - 6, y: y(mark) + 4, "text-anchor": "end" }, mark);
  }
  for (const bar of bars) {
    if (!bar.trades) continue;
    const wide = x(bar.high) - x(bar.low);
    const rect = draw(svg, "rect", { x: x(bar.low) + 1, width: Math.max(1, Math.min(wide - 2, 60)), y: y(bar.trades), height: bottom - y(bar.trades),
      fill: color(bar.low >= 0 ? "bullish" : "bearish"), "fill-opacity": 0.75 });
    draw(rect, "title", {}, bar.trades + (bar.trades === 1 ? " trade" : " trades") + " from " + bar.low + " to " + bar.high + " R");
    if (wide > 18) draw(svg, "text", { x: x(bar.low) + 1 + Math.min(wide - 2, 60) / 2, y: y(bar.trades) - 4, "text-anchor": "middle" }, bar.trades);
  }
  draw(svg, "line", { x1: left, x2: right, y1: bottom, y2: bottom, stroke: color("axis") });
  draw(svg, "line", { x1: x(0), x2: x(0), y1: top, y2: bottom, stroke: color("axis") });
  for (const mark of ticks(first, last, Math.max(4, width / 80)))
    draw(svg, "text", { x: Math.min(Math.max(x(mark), left), right - 6), y: bottom + 18, "text-anchor": "middle" }, String(Math.round(mark * 100) / 100) + " R");
}
