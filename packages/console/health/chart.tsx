// A chart of figures over time, by uPlot: painted in the colours of the theme, with its latest values as text, so that nothing is said by the painting alone.
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { shownTheme } from '../frame/theme.ts';
import type { Figures } from './figures.ts';

export interface Line {
  readonly name: string;
  readonly of: (figures: Figures) => number | null;
}

export interface ChartProps {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly points: readonly Figures[];
  readonly format: (value: number) => string;
  /** What the scale may go by: `whole` numbers, or `binary` for sizes. */
  readonly steps?: keyof typeof STEPS;
}

const HEIGHT = 148;
const AXIS_WIDTH = 62;
const STEPS = {
  whole: Array.from({ length: 10 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat(),
  binary: Array.from({ length: 45 }, (_, power) => 2 ** power),
};

const colourOf = (element: Element): string => getComputedStyle(element).color;

const dataOf = (points: readonly Figures[], lines: readonly Line[]): uPlot.AlignedData => [
  points.map(({ at }) => at / 1000),
  ...lines.map(({ of }) => points.map(of)),
];

/** The scale begins at nothing, so that small changes look small. */
const range = (_plot: uPlot, _low: number | null, high: number | null): uPlot.Range.MinMax => [0, high === null || high <= 0 ? 1 : high * 1.1];

export const Chart = ({ title, lines, points, format, steps }: ChartProps) => {
  const card = useRef<HTMLElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const themeShown = shownTheme.value;
  const latest = points.at(-1);
  const said = lines.map(({ name, of }) => [name, latest === undefined ? null : of(latest)] as const);

  useEffect(() => {
    const [place, around] = [frame.current, card.current];
    if (place === null || around === null) return;
    const swatches = [...around.querySelectorAll('.swatch')].map(colourOf);
    const quiet = colourOf(around.querySelector('.chart-ink') as Element);
    const grid = { stroke: colourOf(around.querySelector('.chart-grid') as Element), width: 1 };
    const font = '11px system-ui, sans-serif';
    const made = new uPlot(
      {
        width: place.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { drag: { x: false, y: false }, points: { size: 5 } },
        scales: { y: { range } },
        // Below, too: before there is a time to show, the lowest label of the other axis stands at the edge.
        padding: [6, 10, 8, 0],
        axes: [
          {
            stroke: quiet,
            grid,
            ticks: { show: false },
            font,
            size: 20,
            gap: 8,
            space: 70,
            values: (_, ticks) => ticks.map((tick) => new Date(tick * 1000).toTimeString().slice(0, 8)),
          },
          {
            stroke: quiet,
            grid,
            ticks: { show: false },
            font,
            size: AXIS_WIDTH,
            space: 32,
            ...(steps === undefined ? {} : { incrs: STEPS[steps] }),
            values: (_, ticks) => ticks.map((tick) => format(tick)),
          },
        ],
        series: [
          {},
          ...lines.map(({ name }, index) => ({ label: name, stroke: swatches[index] ?? quiet, width: 1.5, spanGaps: true, points: { show: false } })),
        ],
      },
      dataOf(points, lines),
      place,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: place.clientWidth, height: HEIGHT }));
    observer.observe(place);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [themeShown]);

  useEffect(() => plot.current?.setData(dataOf(points, lines)), [points]);

  const words = said.map(([name, value]) => `${name} ${value === null ? 'nothing' : format(value)}`).join(', ');
  return (
    <section class="card chart" ref={card} aria-label={title}>
      <h2>{title}</h2>
      <ul class="legend">
        {said.map(([name, value], index) => (
          <li key={name}>
            <span class={`swatch line-${index + 1}`} aria-hidden="true" />
            {name} <strong>{value === null ? '–' : format(value)}</strong>
          </li>
        ))}
      </ul>
      <span class="chart-ink" aria-hidden="true" />
      <span class="chart-grid" aria-hidden="true" />
      <div class="plot" ref={frame} role="img" aria-label={`${title} over the last minutes. Now: ${words}.`} />
    </section>
  );
};
