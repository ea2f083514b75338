// Charts, drawn by uPlot from the page's JSON twin. Every chart has its numbers in a table on the same page, so nothing
// is lost without this file. Arrow keys walk through the points of a chart, Enter goes where a point leads.

const TWIN = document.querySelector('link[rel="alternate"]').href;
const SOFT_TOP = 1.08;
const MARKED = 200;
const drawn = new Map();

// -- how numbers read: as on the pages ------------------------------------------------------------------------------

const number = (value) => value.toLocaleString("en-GB", { maximumFractionDigits: 3 });

function percent(value) {
  const shown = value < 1 ? Math.min(99.9, Math.round(value * 1000) / 10) : value * 100;
  return `${number(shown)} %`;
}

function lasted(ms) {
  if (ms < 1000) return `${number(Math.round(ms))} ms`;
  if (ms < 60_000) return `${number(Math.round(ms / 100) / 10)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return `${number(Math.round(ms / 360_000) / 10)} h`;
}

const READ = { count: number, risk: number, ratio: percent, seconds: (value) => lasted(value * 1000), ms: lasted };

// A point is named by the beginning of its time, as the record writes it: 2026-01-31, …T12 or …T12:05.
const clock = (at) => (at.length > 10 ? `${at.slice(11)}${at.length === 13 ? ":00" : ""}` : at.slice(5));
const when = (at) => (at.length > 10 ? `${at.slice(0, 10)} ${clock(at)} UTC` : at);

// -- colours are those of the style sheet, in the theme as it is ---------------------------------------------------

const probe = document.createElement("i");
probe.hidden = true;
document.body.append(probe);
const colours = new Map();

function colour(name) {
  if (!colours.has(name)) {
    probe.style.color = `var(--${name})`;
    colours.set(name, getComputedStyle(probe).color);
  }
  return colours.get(name);
}

function repaint() {
  colours.clear();
  for (const { plot } of drawn.values()) plot.redraw(false, true);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-theme"] });

// -- what the kinds of charts have in common -----------------------------------------------------------------------

const font = () => `500 11px ${getComputedStyle(document.body).fontFamily}`;

const upright = (read) => ({
  stroke: () => colour("soft"), font: font(), gap: 6, space: 44, size: 58,
  ticks: { show: false }, grid: { stroke: () => colour("line"), width: 1 },
  values: (plot, splits) => splits.map((value) => read(value)),
});

const level = (name) => ({
  stroke: () => colour("soft"), font: font(), gap: 8, space: 76, size: 32, incrs: [1, 2, 5, 10, 20, 50, 100, 500],
  ticks: { show: false }, grid: { show: false },
  values: (plot, splits) => splits.map((at) => (Number.isInteger(at) ? name(at) : "")),
});

const fromZero = (plot, low, high) => [0, (high ?? 0) > 0 ? high * SOFT_TOP : 1];

function zeros(series) {
  return (plot) => {
    const { ctx } = plot;
    const wide = 2 * devicePixelRatio, high = 2 * devicePixelRatio, ground = plot.valToPos(0, "y", true);
    ctx.fillStyle = colour("line-strong");
    plot.data[series].forEach((value, at) => {
      if (value === 0) ctx.fillRect(plot.valToPos(plot.data[0][at], "x", true) - wide / 2, ground - high, wide, high);
    });
  };
}

const bars = () => ({
  stroke: () => colour("accent"), fill: () => colour("accent"), width: 0, points: { show: false },
  paths: uPlot.paths.bars({ size: [0.62, 26], radius: 0.15 }),
});

const line = (name, fill) => ({
  stroke: () => colour(name), fill: fill && (() => colour(fill)), width: 2, spanGaps: true,
  points: { show: true, size: 6, fill: () => colour("panel"), stroke: () => colour(name), width: 2 },
});

// -- the kinds -----------------------------------------------------------------------------------------------------
// Each takes the twin and gives what uPlot is given, what a point says, and where it leads.

function trend(shown, small) {
  const read = READ[shown.unit], points = shown.trend;
  return {
    options: {
      scales: { x: { time: false, range: [-0.5, points.length - 0.5] }, y: { range: fromZero } },
      series: [{}, bars()],
      axes: small ? [{ show: false }, { show: false }] : [level((at) => (points[at] ? clock(points[at].at) : "")), upright(read)],
      hooks: { draw: [zeros(1)] },
    },
    data: [points.map((_, at) => at), points.map((one) => one.value)],
    says: (at) => [when(points[at].at), points[at].value === null ? "nothing counted" : read(points[at].value)],
  };
}

function answers(shown) {
  const points = shown.trend;
  return {
    options: {
      scales: { x: { time: false, range: [-0.5, points.length - 0.5] }, y: { range: fromZero } },
      series: [{}, line("accent"), line("hold")],
      axes: [level((at) => (points[at] ? clock(points[at].at) : "")), upright(lasted)],
    },
    data: [points.map((_, at) => at), points.map((one) => one.half_ms), points.map((one) => one.nearly_all_ms)],
    says: (at) => {
      const { half_ms: half, nearly_all_ms: most } = points[at];
      return [when(points[at].at), ...(half === null ? ["no answer"] : [`half within ${lasted(half)}`, `95 of 100 within ${lasted(most)}`])];
    },
  };
}

function risk(facts) {
  const steps = facts.risk, last = steps.at(-1);
  const stands = [steps[0].before, ...steps.map((one) => (one.enforced === "allow" ? one.total : one.before))];
  const lines = (name) => [steps[0][name], ...steps.map((one) => one[name])];
  const dashed = (name) => ({ stroke: () => colour(name), width: 1.5, dash: [5, 5], points: { show: false } });
  return {
    options: {
      scales: {
        x: { time: false, range: [0, steps.length + 0.5] },
        y: { range: () => [0, Math.max(...lines("halt_above"), ...steps.map((one) => one.total)) * 1.15 || 1] },
      },
      series: [
        {},
        { ...line("accent", "accent-soft"), points: { show: false }, paths: uPlot.paths.stepped({ align: 1 }) },
        dashed("hold"),
        dashed("no"),
      ],
      axes: [
        level((at) => (at > 0 && at <= steps.length ? `step ${at}` : "")),
        { ...upright(number), splits: () => [0, last.approve_above, last.halt_above] },
      ],
      hooks: { draw: [(plot) => named(plot, steps), (plot) => marks(plot, steps)] },
    },
    data: [stands.map((_, at) => at), stands, lines("approve_above"), lines("halt_above")],
    says: (at) => (at ? steps[at - 1].words : ["before the first step", `chain ${number(stands[0])}`]),
    leads: (at) => (at ? steps[at - 1].decision_id : null),
  };
}

function named(plot, steps) {
  const { ctx } = plot, last = steps.at(-1);
  ctx.font = `500 ${11 * devicePixelRatio}px ${getComputedStyle(document.body).fontFamily}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "bottom";
  for (const [words, value, name] of [["a person is asked", last.approve_above, "hold"], ["halted", last.halt_above, "no"]]) {
    ctx.fillStyle = colour(name);
    ctx.fillText(words, plot.bbox.left + 8 * devicePixelRatio, plot.valToPos(value, "y", true) - 3 * devicePixelRatio);
  }
}

// What passed is a circle, what was held a square, what was refused a cross: told apart without their colours too.
function marks(plot, steps) {
  const { ctx } = plot, size = 4 * devicePixelRatio;
  ctx.setLineDash([]);
  ctx.lineWidth = 2 * devicePixelRatio;
  steps.forEach((one, at) => {
    if (one.enforced === "allow" && steps.length > MARKED) return;
    const x = plot.valToPos(at + 1, "x", true), y = plot.valToPos(one.total, "y", true);
    ctx.strokeStyle = colour({ allow: "accent", hold: "hold" }[one.enforced] || "no");
    ctx.fillStyle = colour("panel");
    ctx.beginPath();
    if (one.enforced === "allow") ctx.arc(x, y, size, 0, 2 * Math.PI);
    else if (one.enforced === "hold") ctx.rect(x - size, y - size, 2 * size, 2 * size);
    else { ctx.moveTo(x - size, y - size); ctx.lineTo(x + size, y + size); ctx.moveTo(x - size, y + size); ctx.lineTo(x + size, y - size); }
    ctx.fill();
    ctx.stroke();
  });
}

function evaluations(facts) {
  const found = facts.evaluations.toReversed();
  const sums = found.map((one) => one.suites.reduce((sum, suite) => [sum[0] + suite.contained, sum[1] + suite.attacks], [0, 0]));
  return {
    options: {
      scales: { x: { time: false, range: [-0.5, found.length - 0.5] }, y: { range: [0, 1.04] } },
      series: [{}, bars()],
      axes: [level((at) => (found[at] ? found[at].at.slice(5, 10) : "")), upright(percent)],
      hooks: { draw: [zeros(1)] },
    },
    data: [found.map((_, at) => at), sums.map(([contained, attacks]) => (attacks ? contained / attacks : null))],
    says: (at) => [`${found[at].at.slice(0, 16).replace("T", " ")} UTC`, `${sums[at][0]} of ${sums[at][1]} contained`],
  };
}

function levels(facts) {
  const found = facts.trend;
  return {
    options: {
      scales: { x: { time: false, range: [-0.5, found.length - 0.5] }, y: { range: [0, 4.3] } },
      series: [{}, { ...line("accent", "accent-soft"), paths: uPlot.paths.stepped({ align: 1 }) }],
      axes: [level((at) => (found[at] ? found[at].at.slice(5, 10) : "")), { ...upright((value) => (Number.isInteger(value) ? `Level ${value}` : "")), incrs: [1] }],
    },
    data: [found.map((_, at) => at), found.map((one) => one.level)],
    says: (at) => [`${found[at].at.slice(0, 16).replace("T", " ")} UTC`, `Level ${found[at].level}`, `${percent(found[at].coverage)} of the controls in force`],
  };
}

const by = (list, name, value) => list.find((one) => one[name] === value);
const KINDS = {
  spark: (facts, of) => trend(by(facts.figures, "name", of), true),
  trend: (facts) => trend(facts),
  answers: (facts, of) => answers(by(facts.answers, "of", of)),
  risk: (facts) => (facts.risk.length ? risk(facts) : null),
  evaluations: (facts) => (facts.evaluations.length ? evaluations(facts) : null),
  levels: (facts) => (facts.trend.length ? levels(facts) : null),
};

// -- one chart in its place ----------------------------------------------------------------------------------------

function tip(place) {
  const box = document.createElement("div"), said = document.createElement("p");
  box.className = "chart-tip";
  box.hidden = true;
  said.className = "unseen";
  said.setAttribute("role", "status");
  place.append(box);
  place.after(said);
  return { box, said };
}

function point(one, place) {
  const { plot, box, chart } = one, at = plot.cursor.idx;
  box.hidden = at === null || at === undefined || plot.cursor.left < 0;
  if (box.hidden) return;
  box.replaceChildren(...chart.says(at).map((words) => Object.assign(document.createElement("span"), { textContent: words })));
  const x = plot.over.offsetLeft + plot.valToPos(plot.data[0][at], "x");
  box.style.left = `${Math.max(0, Math.min(x - box.offsetWidth / 2, place.clientWidth - box.offsetWidth))}px`;
}

const middle = (plot, at) => ({ left: plot.valToPos(plot.data[0][at], "x"), top: plot.over.clientHeight / 2 });

function walk(one, key) {
  const { plot, chart, said } = one, last = plot.data[0].length - 1, now = plot.cursor.idx ?? -1;
  const to = { ArrowLeft: Math.max(0, now < 0 ? last : now - 1), ArrowRight: Math.min(last, now + 1), Home: 0, End: last }[key];
  if (to === undefined) return false;
  plot.setCursor(middle(plot, to));
  said.textContent = chart.says(to).join("; ");
  return true;
}

function follow(one) {
  const led = one.chart.leads?.(one.plot.cursor.idx);
  if (led) location.hash = led;
  return Boolean(led);
}

function put(place, facts) {
  const small = place.dataset.chart === "spark", before = drawn.get(place);
  const chart = KINDS[place.dataset.chart](facts, place.dataset.of);
  const same = chart && JSON.stringify([chart.data, chart.data[0].map(chart.says)]);
  if (!chart || before?.same === same) return;
  delete place.dataset.empty;
  const at = before?.plot.cursor.idx;
  before?.plot.destroy();
  const one = { chart, same, ...(small ? {} : { box: before?.box, said: before?.said, ...(before ? {} : tip(place)) }) };
  drawn.set(place, one);
  one.plot = new uPlot({
    ...chart.options, ...size(place), legend: { show: false }, ...(small && { padding: [2, 0, 0, 0] }),
    hooks: { ...chart.options.hooks, ...(!small && { setCursor: [(plot) => point({ ...one, plot }, place)] }) },
    cursor: small ? { show: false } : { y: false, drag: { x: false, y: false }, points: { show: false } },
  }, chart.data, place);
  if (Number.isInteger(at) && at < chart.data[0].length) one.plot.setCursor(middle(one.plot, at));
  if (!small && !before) listen(place);
}

function listen(place) {
  place.addEventListener("keydown", (event) => {
    const one = drawn.get(place);
    if (walk(one, event.key) || (event.key === "Enter" && follow(one))) event.preventDefault();
  });
  place.addEventListener("blur", () => drawn.get(place).plot.setCursor({ left: -10, top: -10 }));
  place.addEventListener("click", () => follow(drawn.get(place)));
}

const size = (place) => ({ width: place.clientWidth, height: place.clientHeight });
const watching = new ResizeObserver((seen) => {
  for (const { target } of seen) drawn.get(target)?.plot.setSize(size(target));
});

async function draw() {
  const places = document.querySelectorAll("[data-chart]");
  if (!places.length) return;
  for (const place of drawn.keys()) if (!place.isConnected) { drawn.get(place).plot.destroy(); drawn.delete(place); }
  const answer = await fetch(TWIN, { headers: { accept: "application/json" }, redirect: "error" });
  if (!answer.ok) return;
  const facts = await answer.json();
  for (const place of places) { put(place, facts); watching.observe(place); }
}

document.addEventListener("fresh", () => draw().catch(() => { /* the page says that it is not live */ }));
draw();
