// Numbers for operators, in the text exposition format of Prometheus 0.0.4 (12.1). Counting on the hot path is an addition to a number that was looked up
// beforehand; everything else happens when somebody reads. It refuses to grow: each metric has a bounded number of label combinations.

/** The `Content-Type` of what `render` returns. */
export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Label combinations of one metric; what comes later counts as `other`. */
const MOST_CHILDREN = 200;
const OTHER = 'other';

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/;

export interface Counter {
  readonly value: number;
  add(amount: number): void;
}

export interface Histogram {
  /** Upper bounds, ascending. */
  readonly bounds: ArrayLike<number> & Iterable<number>;
  /** How many fell into each bucket alone; the last is above all bounds. */
  readonly counts: ArrayLike<number> & Iterable<number>;
  observe(value: number): void;
}

/** A metric by its labels: look a child up once, keep it, and count on it. */
export interface Family<Child> {
  labels(...values: readonly string[]): Child;
}

export type Labels = Readonly<Record<string, string>>;
/** Asked at every scrape. */
export type Reading = () => number | Iterable<readonly [Labels, number]>;

export interface Metrics {
  counter(name: string, help: string): Counter;
  counter(name: string, help: string, labelNames: readonly string[]): Family<Counter>;
  /** A counter that is kept elsewhere, such as those of the store: it only grows. */
  counted(name: string, help: string, read: Reading): void;
  gauge(name: string, help: string, read: Reading): void;
  /** `buckets`: upper bounds, ascending; `+Inf` is added. */
  histogram(name: string, help: string, buckets: readonly number[]): Histogram;
  histogram(name: string, help: string, buckets: readonly number[], labelNames: readonly string[]): Family<Histogram>;
  render(): string;
}

const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');
const written = (value: number): string => (value === Number.POSITIVE_INFINITY ? '+Inf' : value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value));

/** `method="GET",status="2xx"` */
const pairs = (names: readonly string[], values: readonly string[]): string =>
  names.map((name, index) => `${name}="${escapeLabel(values[index] ?? '')}"`).join(',');

const sample = (name: string, labels: string, value: number): string => `${name}${labels === '' ? '' : `{${labels}}`} ${written(value)}\n`;

class Count implements Counter {
  value = 0;
  add(amount: number): void {
    this.value += amount;
  }
}

class Distribution implements Histogram {
  readonly bounds: Float64Array;
  /** How many fell into each bucket alone; the exposition wants sums, which a scrape can make. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(bounds: Float64Array) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const { bounds, counts } = this;
    let index = 0;
    while (index < bounds.length && value > (bounds[index] as number)) index++;
    counts[index] = (counts[index] as number) + 1;
    this.sum += value;
  }
}

class Children<Child> implements Family<Child> {
  /** By their labels as they are exposed. */
  readonly byLabels = new Map<string, Child>();
  readonly names: readonly string[];
  readonly make: () => Child;

  constructor(names: readonly string[], make: () => Child) {
    for (const name of names) if (!LABEL.test(name) || name === 'le') throw new TypeError(`${name} is no label name`);
    this.names = names;
    this.make = make;
  }

  labels(...values: readonly string[]): Child {
    if (values.length !== this.names.length) throw new TypeError(`labels are ${this.names.join(', ')}`);
    let key = pairs(this.names, values);
    // The last place is kept for what no longer has one, so that sums stay right.
    if (!this.byLabels.has(key) && this.byLabels.size >= MOST_CHILDREN - 1)
      key = pairs(
        this.names,
        Array.from(this.names, () => OTHER),
      );
    let child = this.byLabels.get(key);
    if (child === undefined) {
      child = this.make();
      this.byLabels.set(key, child);
    }
    return child;
  }
}

const renderDistribution = (name: string, labels: string, { bounds, counts, sum }: Distribution): string => {
  const before = labels === '' ? '' : `${labels},`;
  let total = 0;
  let text = '';
  for (let index = 0; index < counts.length; index++) {
    total += counts[index] as number;
    text += sample(`${name}_bucket`, `${before}le="${written(bounds[index] ?? Number.POSITIVE_INFINITY)}"`, total);
  }
  return text + sample(`${name}_sum`, labels, sum) + sample(`${name}_count`, labels, total);
};

const renderReading = (name: string, read: Reading): string => {
  let reading: ReturnType<Reading>;
  try {
    reading = read();
  } catch {
    // One thing that cannot be read must not hide the others from those who look for what is wrong.
    reading = Number.NaN;
  }
  if (typeof reading === 'number') return sample(name, '', reading);
  let text = '';
  let shown = 0;
  let rest = 0;
  let last: Labels | undefined;
  for (const [labels, value] of reading) {
    if (++shown < MOST_CHILDREN) text += sample(name, pairs(Object.keys(labels), Object.values(labels)), value);
    else {
      last = labels;
      rest += value;
    }
  }
  if (last === undefined) return text;
  const names = Object.keys(last);
  return (
    text +
    sample(
      name,
      pairs(
        names,
        Array.from(names, () => OTHER),
      ),
      rest,
    )
  );
};

/** An empty set of metrics; one for each server. */
export const createMetrics = (): Metrics => {
  const parts = new Map<string, () => string>();
  const declare = (name: string, help: string, type: string, render: () => string): void => {
    if (!NAME.test(name)) throw new TypeError(`${name} is no name of a metric`);
    if (parts.has(name)) throw new TypeError(`${name} is declared twice`);
    const head = `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
    parts.set(name, () => head + render());
  };

  function counter(name: string, help: string): Counter;
  function counter(name: string, help: string, labelNames: readonly string[]): Family<Counter>;
  function counter(name: string, help: string, labelNames: readonly string[] = []): Counter | Family<Counter> {
    const children = new Children(labelNames, () => new Count());
    declare(name, help, 'counter', () => Array.from(children.byLabels, ([labels, { value }]) => sample(name, labels, value)).join(''));
    return labelNames.length === 0 ? children.labels() : children;
  }

  function histogram(name: string, help: string, buckets: readonly number[]): Histogram;
  function histogram(name: string, help: string, buckets: readonly number[], labelNames: readonly string[]): Family<Histogram>;
  function histogram(name: string, help: string, buckets: readonly number[], labelNames: readonly string[] = []): Histogram | Family<Histogram> {
    const bounds = Float64Array.from(buckets);
    if (bounds.some((bound, index) => !Number.isFinite(bound) || bound <= (bounds[index - 1] ?? Number.NEGATIVE_INFINITY)))
      throw new TypeError('buckets must ascend');
    const children = new Children(labelNames, () => new Distribution(bounds));
    declare(name, help, 'histogram', () => Array.from(children.byLabels, ([labels, child]) => renderDistribution(name, labels, child)).join(''));
    return labelNames.length === 0 ? children.labels() : children;
  }

  return {
    counter,
    histogram,
    counted: (name, help, read) => declare(name, help, 'counter', () => renderReading(name, read)),
    gauge: (name, help, read) => declare(name, help, 'gauge', () => renderReading(name, read)),
    render: () => Array.from(parts.values(), (part) => part()).join(''),
  };
};
