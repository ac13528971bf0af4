// The charts of `jumpload report`. The page stands without this file: verdict and tables are HTML.
//
// Law: draws only what the runs hold (a chart without figures stays hidden); asks no network; every
// colour comes from the style sheet, so that dark mode and print are its business.
"use strict";

(() => {
  const runs = JSON.parse(document.getElementById("runs").textContent);
  const many = runs.length > 1;
  // Strokes on the canvas, and their names as CSS borders in the legend.
  const dashes = {
    solid: { stroke: [], border: "solid" },
    dashed: { stroke: [7, 4], border: "dashed" },
    dotted: { stroke: [2, 3], border: "dotted" },
  };

  // --- how figures read ---------------------------------------------------------------------------

  function short(value) {
    return String(Number(value.toPrecision(3)));
  }

  function time(us) {
    if (us == null) return "";
    if (us < 1e3) return short(us) + " \u00b5s";
    if (us < 1e6) return short(us / 1e3) + " ms";
    return short(us / 1e6) + " s";
  }

  function count(value) {
    if (value == null) return "";
    if (value >= 1e6) return short(value / 1e6) + " M";
    if (value >= 1e4) return short(value / 1e3) + " k";
    return Math.round(value).toLocaleString("en");
  }

  // x = 1 / (1 - share): 2 is the median, 1000 is p99.9. Each nine is one decade.
  function percentile(x) {
    const percent = 100 - 100 / x;
    const nines = Math.ceil(Math.log10(x) - 1e-9);
    return "p" + (x <= 1 ? "0" : Number(percent.toFixed(Math.max(0, nines - 1))));
  }

  // --- axes ---------------------------------------------------------------------------------------

  // 1, 2 and 5 of each decade, or its 1 alone where the decades are many.
  function logSplits(min, max) {
    const steps = Math.log10(max / min) > 2.2 ? [1] : [1, 2, 5];
    const splits = [];
    for (let power = Math.floor(Math.log10(min)); power <= Math.ceil(Math.log10(max)); power++) {
      for (const step of steps) {
        const split = step * 10 ** power;
        if (split >= min && split <= max) splits.push(split);
      }
    }
    return splits;
  }

  function percentileSplits(max) {
    const splits = [1, 2, 4];
    for (let nines = 10; nines <= max; nines *= 10) splits.push(nines);
    return splits;
  }

  const quantities = {
    count: {
      text: count,
      scale: { range: (_, min, max) => [0, Math.max(1, max * 1.08)] },
      axis: {},
    },
    time: {
      text: time,
      scale: {
        distr: 3,
        range: (_, min, max) => (min > 0 ? [min / 1.3, max * 1.3] : [1, 10]),
      },
      axis: { splits: (_, index, min, max) => logSplits(min, max), filter: (_, splits) => splits },
    },
  };

  const abscissae = {
    seconds: {
      label: "time since the start, s",
      legend: "at",
      text: (value) => (value == null ? "" : short(value) + " s"),
      scale: { time: false },
      axis: { values: (_, splits) => splits.map(short) },
    },
    percentile: {
      label: "percentile, one more nine per step",
      legend: "percentile",
      text: (value) => (value == null ? "" : percentile(value)),
      scale: { time: false, distr: 3, range: (_, min, max) => [1, Math.max(100, max)] },
      axis: {
        splits: (_, index, min, max) => percentileSplits(max),
        filter: (_, splits) => splits,
      },
    },
  };

  // --- what each chart shows ----------------------------------------------------------------------
  // Of one run, each metric has a colour of its own. Of many, each run has, and a metric its dash;
  // those without one are left out then, and so is a metric where the run has the one named last.

  const charts = {
    messages: {
      x: "seconds", y: "count", label: "messages per second",
      metrics: [
        ["received", "received", "solid"],
        ["sent", "sent", "dashed"],
        ["acknowledged", "acknowledged", null],
      ],
    },
    latency: {
      x: "seconds", y: "time", label: "latency, log scale",
      metrics: [
        ["latency_p99_us", "p99", "solid"],
        ["latency_p50_us", "p50", "dashed"],
        ["latency_max_us", "max", null],
      ],
    },
    lateness: {
      x: "seconds", y: "time", label: "sent after its time, log scale",
      metrics: [
        ["send_lateness_p99_us", "p99", "solid"],
        ["send_lateness_max_us", "max", null],
      ],
    },
    clients: {
      x: "seconds", y: "count", label: "clients",
      metrics: [["connected", "connected", "solid"]],
    },
    losses: {
      x: "seconds", y: "count", label: "connections per second",
      metrics: [["connections_lost", "lost", "solid"], ["reconnects", "made again", "dashed"]],
    },
    percentiles: {
      x: "percentile", y: "time", label: "latency, log scale",
      metrics: [
        ["latency", "from the plan", "solid"],
        ["service", "from the send", "dashed"],
        ["acknowledgement", "acknowledged", "dotted", "latency"],
      ],
    },
    connect_percentiles: {
      x: "percentile", y: "time", label: "time, log scale",
      metrics: [
        ["connect", "connect", "solid"],
        ["tcp", "TCP", null],
        ["tls_full", "TLS, full", null],
        ["tls_resumed", "TLS, resumed", null],
        ["connack", "CONNACK", null],
        ["subscribe", "SUBACK", "dashed"],
      ],
    },
  };

  // -> [x values, y values], or null where the run does not hold them. On a log scale 0 is a gap.
  function points(run, chart, metric) {
    if (chart.x === "percentile") {
      const curve = (run.curves || {})[metric];
      if (!curve || curve.length === 0) return null;
      return [curve.map((point) => point[0]), curve.map((point) => Math.max(1, point[1]))];
    }
    const series = run.series || {};
    const values = series[metric];
    if (!values || !values.some((value) => value > 0)) return null;
    return [series.elapsed_s, chart.y === "time" ? values.map((value) => value || null) : values];
  }

  function linesOf(chart) {
    const lines = [];
    runs.forEach((run, runIndex) => {
      chart.metrics.forEach(([metric, name, dash, instead], metricIndex) => {
        if (many && (dash === null || (instead && points(run, chart, instead)))) return;
        const table = points(run, chart, metric);
        if (table === null) return;
        lines.push({
          table,
          label: many ? `${run.label}: ${name}` : name,
          points: table[0].length < 12,
          colour: 1 + (many ? runIndex : metricIndex) % 8,
          dash: dashes[many ? dash : "solid"],
        });
      });
    });
    return lines;
  }

  // --- drawing ------------------------------------------------------------------------------------

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  }

  function axisOf(kind, extra) {
    return {
      stroke: colour("muted"),
      font: "12px system-ui, sans-serif",
      labelFont: "12px system-ui, sans-serif",
      labelSize: 18,
      grid: { stroke: colour("grid"), width: 1 },
      ticks: { show: false },
      values: (_, splits) => splits.map((split) => kind.text(split)),
      ...kind.axis,
      ...extra,
    };
  }

  function optionsOf(chart, lines, width, height) {
    const x = abscissae[chart.x];
    const y = quantities[chart.y];
    return {
      width,
      height,
      scales: { x: x.scale, y: y.scale },
      axes: [
        axisOf(x, { label: x.label, size: 34 }),
        axisOf(y, { label: chart.label, size: 58 }),
      ],
      series: [
        { label: x.legend, value: (_, value) => x.text(value) },
        ...lines.map((line) => ({
          label: line.label,
          stroke: colour("line-" + line.colour),
          width: 1.75,
          dash: line.dash.stroke,
          spanGaps: chart.x === "percentile",
          points: { show: line.points, size: 5, fill: colour("line-" + line.colour) },
          value: (_, value) => y.text(value),
        })),
      ],
      hooks: chart.x === "seconds" ? { drawClear: [shadeMeasured] } : {},
      legend: { markers: { dash: (_, index) => (lines[index - 1] || lines[0]).dash.border } },
      cursor: { sync: { key: chart.x }, drag: { x: true, y: false }, points: { size: 7 } },
    };
  }

  // The part of the time that the messages were counted in; of many runs, each has its own.
  function shadeMeasured(u) {
    const [begin, end] = runs[0].measured;
    if (many || end === 0) return;
    const left = u.valToPos(Math.max(begin, u.scales.x.min), "x", true);
    const right = u.valToPos(Math.min(end, u.scales.x.max), "x", true);
    u.ctx.save();
    u.ctx.fillStyle = colour("measured");
    u.ctx.fillRect(left, u.bbox.top, Math.max(0, right - left), u.bbox.height);
    u.ctx.restore();
  }

  // A word about the figures for those who cannot see them.
  function describe(figure, chart, lines) {
    const spans = lines.map((line) => {
      const values = line.table[1].filter((value) => value != null);
      const text = quantities[chart.y].text;
      return `${line.label} ${text(Math.min(...values))} to ${text(Math.max(...values))}`;
    });
    const title = figure.querySelector("figcaption").textContent;
    return `Line chart: ${title}, ${chart.label}, by ${abscissae[chart.x].label}. ` +
      spans.join("; ") + ".";
  }

  const drawn = [];

  function sizeOf(entry, printing) {
    const wide = entry.figure.parentElement.classList.contains("wide");
    return {
      width: printing ? 660 : Math.max(260, Math.floor(entry.plot.clientWidth)),
      height: printing ? 200 : wide ? 340 : 240,
    };
  }

  function draw(entry, printing = false) {
    if (entry.uplot) entry.uplot.destroy();
    const { width, height } = sizeOf(entry, printing);
    const tables = entry.lines.map((line) => line.table);
    entry.uplot = new uPlot(optionsOf(entry.chart, entry.lines, width, height),
      uPlot.join(tables), entry.plot);
    entry.plot.querySelector("canvas").setAttribute("aria-hidden", "true");
  }

  function drawAll(printing) {
    for (const entry of drawn) draw(entry, printing);
  }

  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    const chart = charts[figure.dataset.chart];
    const lines = linesOf(chart);
    if (lines.length === 0) continue;
    const plot = document.createElement("div");
    plot.className = "plot";
    plot.setAttribute("role", "img");
    plot.setAttribute("aria-label", describe(figure, chart, lines));
    figure.append(plot);
    figure.hidden = false;
    figure.closest("[data-charts]").hidden = false;
    drawn.push({ figure, chart, lines, plot });
  }
  drawAll(false);

  // --- what changes a chart after that ------------------------------------------------------------

  const resized = new ResizeObserver((changes) => {
    for (const change of changes) {
      const entry = drawn.find((candidate) => candidate.plot === change.target);
      const size = sizeOf(entry, false);
      if (!document.documentElement.dataset.printing && entry.uplot.width !== size.width) {
        entry.uplot.setSize(size);
      }
    }
  });
  for (const entry of drawn) resized.observe(entry.plot);

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(false));

  const folded = [...document.querySelectorAll("details:not([open])")];

  addEventListener("beforeprint", () => {
    for (const details of folded) details.open = true; // paper cannot unfold
    document.documentElement.dataset.printing = "yes"; // paper is light
    drawAll(true);
  });
  addEventListener("afterprint", () => {
    delete document.documentElement.dataset.printing;
    for (const details of folded) details.open = false;
    drawAll(false);
  });
})();
