// How far behind each durable subscription was, over the time that the page was open: a short row of numbers each.

/** Five minutes at a look every two seconds. */
export const MOST_SAMPLES = 150;

export class Samples {
  readonly #rows = new Map<string, number[]>();

  /** One look: a number for each that there is; those that are gone are forgotten. */
  add(values: ReadonlyMap<string, number>): void {
    for (const name of this.#rows.keys()) if (!values.has(name)) this.#rows.delete(name);
    for (const [name, value] of values) {
      const row = this.#rows.get(name) ?? [];
      row.push(value);
      if (row.length > MOST_SAMPLES) row.shift();
      this.#rows.set(name, row);
    }
  }

  of(name: string): readonly number[] {
    return this.#rows.get(name) ?? [];
  }
}
