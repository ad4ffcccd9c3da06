const view = document.getElementById("view"), list = document.getElementById("trades"), find = document.getElementById("find");
const by = id => document.getElementById(id);
let open = -1;

function rows() { return list ? [...list.tBodies[0].rows] : []; }
function visible() { return rows().filter(row => !row.hidden); }

function show(place) {
  const trade = data.trades[place];
  if (!trade) return;
  open = place;
  by("view-title").textContent = trade.title;
  by("view-why").textContent = trade.why;
  const facts = by("view-facts");
  facts.replaceChildren();
  for (const [name, value] of trade.facts) {
    facts.appendChild(document.createElement("dt")).textContent = name;
    facts.appendChild(document.createElement("dd")).textContent = value;
  }
  const zones = by("view-zones");
  zones.replaceChildren();
  for (const zone of trade.zones || []) {
    const item = zones.appendChild(document.createElement("li"));
    item.style.borderColor = color(zone.color);
    const name = item.appendChild(document.createElement("b"));
    name.textContent = (zone.name ? zone.name + " " : "") + zone.timeframe;
    item.append(" " + (zone.why || ""));
  }
  if (!(trade.zones || []).length) zones.appendChild(document.createElement("li")).textContent = "No zones are known.";
  if (!view.open) view.showModal();
  view.scrollTop = 0;
  drawTrade(by("view-chart"), trade, by("view-at"));
  history.replaceState(null, "", "#trade-" + (place + 1));
}
// A link to report.html#trade-7 opens that trade.
function follow() {
  const asked = /^#trade-(\d+)$/.exec(location.hash);
  if (asked) show(asked[1] - 1);
}
function move(step) {
  const shown = visible(), at = shown.findIndex(row => +row.dataset.trade === open), next = shown[at + step];
  if (at >= 0 && next) show(+next.dataset.trade);
}
by("before").addEventListener("click", () => move(-1));
by("after").addEventListener("click", () => move(1));
by("close").addEventListener("click", () => view.close());
view.addEventListener("close", () => {
  history.replaceState(null, "", "#list");
  const row = rows().find(each => +each.dataset.trade === open);
  if (row) row.querySelector("button").focus();
});
view.addEventListener("click", event => { if (event.target === view) view.close(); });
view.addEventListener("keydown", event => {
  if (event.key === "ArrowLeft") move(-1);
  else if (event.key === "ArrowRight") move(1);
  else return;
  event.preventDefault();
});

if (list) {
  list.tBodies[0].addEventListener("click", event => {
    const row = event.target.closest("tr");
    if (row) show(+row.dataset.trade);
  });
  list.tHead.addEventListener("click", event => {
    const head = event.target.closest("button");
    if (!head) return;
    const order = head.dataset.order === "1" ? -1 : 1, place = +head.dataset.sort;
    for (const each of list.tHead.querySelectorAll("button")) {
      delete each.dataset.order;
      each.closest("th").removeAttribute("aria-sort");
    }
    head.dataset.order = order;
    head.closest("th").setAttribute("aria-sort", order > 0 ? "ascending" : "descending");
    const keyed = rows().map(row => [JSON.parse(row.dataset.sort)[place], row]);
    keyed.sort((one, other) => order * (one[0] < other[0] ? -1 : one[0] > other[0] ? 1 : 0));
    list.tBodies[0].append(...keyed.map(each => each[1]));
  });
}
function search() {
  const wanted = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const row of rows()) {
    const text = row.textContent.toLowerCase();
    row.hidden = !wanted.every(word => text.includes(word));
  }
  by("found").textContent = wanted.length ? visible().length + " of " + rows().length : "";
}
find.addEventListener("input", search);

function drawAll() {
  drawEquity(by("equity"));
  drawR(by("r"));
  if (view.open) drawTrade(by("view-chart"), data.trades[open], by("view-at"));
}
addEventListener("hashchange", follow);
follow();
let wide = 0;
function fit() {
  if (document.body.clientWidth === wide) return;
  wide = document.body.clientWidth;
  drawAll();
  requestAnimationFrame(fit);  // what was drawn can bring a scroll bar, which takes room
}
addEventListener("resize", fit);
fit();
