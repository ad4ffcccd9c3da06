// The candles of a trade: four whole numbers each, one null for a stretch without a candle.
function candlesOf(chart) {
  const scale = 10 ** chart.digits, found = [];
  let close = 0, at = chart.start;
  for (let place = 0; place < chart.bars.length; at += chart.step) {
    if (chart.bars[place] === null) { place++; found.push(null); continue; }
    const open = close + chart.bars[place], last = open + chart.bars[place + 1];
    const high = Math.max(open, last) + chart.bars[place + 2], low = Math.min(open, last) - chart.bars[place + 3];
    found.push({ at, open: open / scale, high: high / scale, low: low / scale, close: last / scale });
    close = last;
    place += 4;
  }
  return found;
}

function drawTrade(holder, told, say) {
  const trade = told, chart = trade.chart;
  holder.replaceChildren();
  if (!chart) { holder.textContent = "This trade has no chart: it was left out to keep the page small."; return; }
  const candles = candlesOf(chart), known = candles.filter(each => each);
  if (!known.length) { holder.textContent = "There are no candles around this trade."; return; }
  const width = Math.max(280, holder.clientWidth), height = width < 600 ? 340 : 440;
  const stops = trade.stops || [], targets = trade.targets || [], fills = trade.fills || [], zones = trade.zones || [];
  let low = Math.min(...known.map(each => each.low)), high = Math.max(...known.map(each => each.high));
  const body = high - low || high || 1;
  for (const price of [trade.entry, trade.exit, ...stops.map(each => each[1]), ...targets]) {
    if (price > low - body && price < high + body) { low = Math.min(low, price); high = Math.max(high, price); }
  }
  const room = (high - low || 1) * 0.06;
  low -= room; high += room;
  const shown = price => amount(price, chart.digits);
  const left = 2, axis = Math.max(58, shown(high).length * 6.6 + 14), right = width - axis, top = 6, bottom = height - 24;
  const svg = sheet(holder, width, height), slot = (right - left) / candles.length;
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", trade.title + ": candles of " + chart.timeframe);
  const edge = at => Math.min(Math.max(left + (at - chart.start) / chart.step * slot, left), right);
  const middle = at => left + (Math.min(Math.max(Math.floor((at - chart.start) / chart.step), 0), candles.length - 1) + 0.5) * slot;
  const y = price => bottom - (price - low) / (high - low) * (bottom - top);
  const inside = price => Math.min(Math.max(y(price), top), bottom);
  const end = chart.start + candles.length * chart.step;

  for (const [name, from, to, place] of trade.windows || []) {
    if (edge(to) - edge(from) < 2) continue;
    draw(svg, "rect", { x: edge(from), width: edge(to) - edge(from), y: top, height: bottom - top, fill: color("window" + place % 5), "fill-opacity": 0.06 });
    if (edge(to) - edge(from) > name.length * 6) draw(svg, "text", { x: edge(from) + 4, y: bottom - 5 }, name);
  }
  for (const mark of ticks(low, high, height / 60)) {
    draw(svg, "line", { x1: left, x2: right, y1: y(mark), y2: y(mark), stroke: color("grid") });
    draw(svg, "text", { x: right + 6, y: y(mark) + 4, class: "price" }, shown(mark));
  }
  for (const mark of timeMarks(chart.start, end, width / 85)) {
    draw(svg, "line", { x1: edge(mark.at), x2: edge(mark.at), y1: top, y2: bottom, stroke: color(mark.strong ? "axis" : "grid") });
    if (edge(mark.at) > 18 && edge(mark.at) < right - 8)
      draw(svg, "text", { x: edge(mark.at), y: bottom + 16, "text-anchor": "middle", class: mark.strong ? "strong" : "" }, mark.text);
  }
  const names = [];
  for (const zone of zones) {
    if (zone.shape === "none" || (zone.end && zone.end <= chart.start)) continue;
    const from = edge(zone.start), to = Math.max(edge(zone.end || trade.closed), from + slot), up = inside(zone.top), down = inside(zone.bottom);
    if (zone.top < low || zone.bottom > high) continue;
    if (zone.shape === "line") {
      draw(svg, "line", { x1: from, x2: to, y1: up, y2: up, stroke: color(zone.color), "stroke-width": 1.4, "stroke-dasharray": "5 3" });
    } else {
      draw(svg, "rect", { x: from, width: to - from, y: up, height: Math.max(down - up, 2), fill: color(zone.color), "fill-opacity": zone.faint ? 0.05 : 0.2,
        stroke: color(zone.color), "stroke-opacity": 0.8, "stroke-dasharray": zone.faint ? "4 3" : "none" });
    }
    names.push({ text: zone.name + " " + zone.timeframe, x: from + 3, y: up - 4, color: zone.color });
  }
  const wide = Math.max(1, Math.min(slot * 0.7, slot - 1));
  candles.forEach((candle, place) => {
    if (!candle) return;
    const x = left + (place + 0.5) * slot, ink = color(candle.close >= candle.open ? "up" : "down");
    draw(svg, "line", { x1: x, x2: x, y1: y(candle.high), y2: y(candle.low), stroke: ink });
    draw(svg, "rect", { x: x - wide / 2, width: wide, y: y(Math.max(candle.open, candle.close)), height: Math.max(1, Math.abs(y(candle.open) - y(candle.close))), fill: ink });
  });

  const plates = [], marks = [];
  const priced = (name, price, ink) => {
    plates.push({ text: shown(price), price, color: ink });
    marks.push({ text: name, x: edge(trade.closed) + 9, y: y(price) + 4, color: ink });
  };
  priced("entry", trade.entry, "bullish_block");
  const line = (from, to, price, ink, dash) => draw(svg, "line", { x1: edge(from), x2: Math.max(edge(to), edge(from) + 2), y1: y(price), y2: y(price), stroke: color(ink), "stroke-width": 1.6, "stroke-dasharray": dash });
  if (trade.wanted !== undefined) line(trade.signal_at, trade.opened, trade.wanted, "bullish_block", "2 3");
  for (const price of targets) {
    if (price < low || price > high) continue;
    line(trade.signal_at, trade.closed, price, "bullish", "6 4");
    priced("target", price, "bullish");
  }
  stops.forEach(([at, price], place) => {
    const to = place + 1 < stops.length ? stops[place + 1][0] : trade.closed;
    if (price < low || price > high) return;
    line(Math.min(at, trade.closed), to, price, "bearish", "none");
    if (place === stops.length - 1 || place === 0) priced(place ? "stop, moved" : "stop", price, "bearish");
  });
  line(trade.opened, trade.closed, trade.entry, "bullish_block", "none");
  const signal = edge(trade.signal_at);
  draw(svg, "line", { x1: signal, x2: signal, y1: top, y2: bottom, stroke: color("faint"), "stroke-dasharray": "1 4" });
  names.unshift({ text: "signal", x: signal + 3, y: top + 10, color: "faint" });
  for (const fill of fills) {
    const entry = fill.role === "entry", x = middle(entry && trade.wanted === undefined ? fill.time : fill.time - 1), at = y(fill.price);
    if (entry) {
      const away = trade.side === "BUY" ? 1 : -1;
      draw(svg, "path", { d: "M" + x + " " + (at + away * 3) + "l-6 " + away * 11 + "h12Z", fill: color("bullish_block"), stroke: color("background") });
    } else {
      draw(svg, "circle", { cx: x, cy: at, r: 5, fill: color(fill.role === "stop" ? "bearish" : fill.role === "target" ? "bullish" : "neutral"), stroke: color("background"), "stroke-width": 1.5 });
      marks.push({ text: fill.role + " filled, " + fill.quantity, x: x + 9, y: at + 4, color: "text" });
    }
  }
  placeNames(svg, [...names, ...marks], left, right, top, bottom);
  placePlates(svg, plates, y, right, top, bottom);
  const cross = draw(svg, "line", { y1: top, y2: bottom, stroke: color("axis"), visibility: "hidden" });
  svg.addEventListener("pointermove", event => {
    const box = svg.getBoundingClientRect(), place = Math.floor(((event.clientX - box.left) * width / box.width - left) / slot), candle = candles[place];
    cross.setAttribute("visibility", candle ? "visible" : "hidden");
    if (!candle) return;
    cross.setAttribute("x1", left + (place + 0.5) * slot); cross.setAttribute("x2", left + (place + 0.5) * slot);
    say.textContent = minute(candle.at) + "  O " + shown(candle.open) + "  H " + shown(candle.high) + "  L " + shown(candle.low) + "  C " + shown(candle.close);
  });
  say.textContent = chart.timeframe + " candles, " + minute(chart.start) + " to " + minute(end);
}

// Names where they cover no other name: at their place, else the next free line above or below.
function placeNames(svg, names, left, right, top, bottom) {
  const taken = [];
  for (const name of names) {
    const wide = name.text.length * 6.2 + 4, x = Math.min(Math.max(name.x, left), right - wide);
    for (const shift of [0, -13, 13, -26, 26, -39, 39, -52, 52]) {
      const y = Math.min(Math.max(name.y + shift, top + 10), bottom - 4);
      if (taken.some(each => x < each.x + each.wide && each.x < x + wide && Math.abs(y - each.y) < 12)) continue;
      taken.push({ x, y, wide });
      draw(svg, "text", { x, y, class: "plate", style: "fill:" + color(name.color) }, name.text);
      break;
    }
  }
}

// Prices that matter, on the axis, moved apart; numbers that they would cover are taken away.
function placePlates(svg, plates, y, right, top, bottom) {
  plates.sort((one, other) => other.price - one.price);
  const high = 16;
  let last = top - high;
  for (const plate of plates) last = plate.at = Math.max(y(plate.price) - high / 2, last + high + 1);
  let limit = bottom;
  for (const plate of [...plates].reverse()) limit = plate.at = Math.min(plate.at, limit - high - 1);
  for (const number of svg.querySelectorAll("text.price"))
    if (plates.some(plate => Math.abs(plate.at + 12 - number.getAttribute("y")) < 14)) number.remove();
  for (const plate of plates) {
    draw(svg, "rect", { x: right + 1, width: plate.text.length * 6.6 + 10, y: plate.at, height: high, rx: 2, fill: color(plate.color) });
    draw(svg, "text", { x: right + 6, y: plate.at + 12, style: "font-weight:600;fill:" + color("background") }, plate.text);
  }
}
