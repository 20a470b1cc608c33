// The newest of what came, oldest first, within a number and a weight: what a page may keep of a stream that never ends.

export interface Weighed {
  readonly weight: number;
}

/** What may lie dead at the head before the array is moved together: removing each by itself would cost as much as there is. */
const SLACK = 1024;

export class Ring<T extends Weighed> {
  readonly #most: number;
  readonly #mostWeight: number;
  #items: T[] = [];
  #head = 0;
  #weight = 0;

  constructor(most: number, mostWeight: number) {
    this.#most = most;
    this.#mostWeight = mostWeight;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** Counted from the oldest. */
  at(index: number): T | undefined {
    return index < 0 ? undefined : this.#items[this.#head + index];
  }

  get oldest(): T | undefined {
    return this.at(0);
  }

  get newest(): T | undefined {
    return this.at(this.length - 1);
  }

  push(item: T): void {
    this.#items.push(item);
    this.#weight += item.weight;
    while (this.length > 1 && this.#isOver) this.#weight -= (this.#items[this.#head++] as T).weight;
    this.#tidy();
  }

  /** Puts older ones before the oldest; the newest go where there is no room. */
  unshift(items: readonly T[]): void {
    this.#items = [...items, ...this.#items.slice(this.#head)];
    this.#head = 0;
    for (const { weight } of items) this.#weight += weight;
    while (this.length > 1 && this.#isOver) this.#weight -= (this.#items.pop() as T).weight;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
    this.#weight = 0;
  }

  get #isOver(): boolean {
    return this.length > this.#most || this.#weight > this.#mostWeight;
  }

  #tidy(): void {
    if (this.#head < SLACK) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
