// Lag, rate, delay and memory over the time that this page has been open.
import {html, useEffect, useRef, useState} from './vendor/preact.js';
import {bytes, duration, number, rate} from './format.js';
import {samplesOf} from './history.js';
import {language, t} from './i18n.js';
import {useLive} from './live.js';

const height = 150;
const powersOfTwo = Array.from({length: 45}, (_, i) => 2 ** i);
const series = [
  ['lag', (sample) => sample.lag, number],
  ['rate', (sample) => sample.rate, rate],
  ['delay', (sample) => sample.delay, duration],
  ['memory', (sample) => sample.memory, bytes, powersOfTwo],
];

// Loaded when the first chart is shown: the overview does without.
const library = () => import('./vendor/uplot.js').then((module) => module.default);

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function options(format, width, steps) {
  const grid = {stroke: colour('--chart-grid'), width: 1};
  const axis = {stroke: colour('--chart-text'), grid, ticks: {show: false}, font: '11px system-ui, sans-serif'};
  return {
    width,
    height,
    legend: {show: false},
    cursor: {y: false, drag: {x: false, y: false}},
    scales: {y: {range: (plot, low, high) => [0, high > 0 ? high * 1.15 : 1]}},
    axes: [
      {...axis, size: 26, values: (plot, times) => times.map((time) => new Date(time * 1000).toLocaleTimeString(language === 'zh' ? 'zh-CN' : 'en', {hour12: false})), space: 70},
      {...axis, size: 64, ...(steps && {incrs: steps}), values: (plot, values) => values.map((value) => format(value)), space: 34},
    ],
    series: [{}, {stroke: colour('--chart-line'), fill: colour('--chart-fill'), width: 1.5, spanGaps: false, points: {show: false}}],
  };
}

function Chart({name, kind, pick, format, steps}) {
  const box = useRef(null);
  const plot = useRef(null);
  const [ready, setReady] = useState(false);
  const samples = samplesOf(name);
  const values = samples.map(pick).filter((value) => value != null);
  const data = [samples.map((sample) => sample.time / 1000), samples.map((sample) => pick(sample) ?? null)];
  useEffect(() => {
    let ended = false;
    const draw = async () => {
      const uPlot = await library();
      if (ended) return;
      plot.current?.destroy();
      plot.current = new uPlot(options(format, box.current.clientWidth, steps), data, box.current);
      setReady(true);
    };
    const fit = new ResizeObserver(() => plot.current?.setSize({width: box.current.clientWidth, height}));
    draw();
    fit.observe(box.current);
    addEventListener('themechange', draw);
    return () => {
      ended = true;
      fit.disconnect();
      removeEventListener('themechange', draw);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [name]);
  useEffect(() => plot.current?.setData(data), [ready, samples.length, samples.at(-1)?.time]);
  const now = samples.length ? pick(samples.at(-1)) : null; // unknown now is unknown, whatever it was before
  const summary = t('chart.summary', {what: t(kind), now: format(now), most: format(values.length ? Math.max(...values) : null)});
  return html`<figure class="chart"><figcaption><span>${t(kind)}</span> <b>${format(now)}</b></figcaption>
    <div ref=${box} class="plot" role="img" aria-label=${summary}></div></figure>`;
}

export function Charts({name}) {
  useLive();
  return html`<section aria-label=${t('charts')}><div class="charts">${series.map(
    ([kind, pick, format, steps]) => html`<${Chart} key=${kind} name=${name} kind=${kind} pick=${pick} format=${format} steps=${steps} />`,
  )}</div><p class="small">${t('charts.since')}</p></section>`;
}
