// From a topic to those who follow it: a tree of segments, so that the cost of routing does not grow with patterns that do not match (clause 1).

interface Node<T> {
  children: Map<string, Node<T>> | undefined;
  /** Patterns that end here. */
  ends: T[] | undefined;
  /** Patterns that end with `**` here. */
  rest: T[] | undefined;
}

const newNode = <T>(): Node<T> => ({ children: undefined, ends: undefined, rest: undefined });

const isEmpty = <T>(node: Node<T>): boolean => node.children === undefined && node.ends === undefined && node.rest === undefined;

/** Topics and values that are kept together; beyond them it begins anew. */
const MOST_KEPT = 32_768;

export class RouteTree<T> {
  readonly #root: Node<T> = newNode();
  /** What topics led to since the tree last changed: most messages go to topics that others went to just before. */
  readonly #kept = new Map<string, readonly T[]>();
  #keptSize = 0;

  get isEmpty(): boolean {
    return isEmpty(this.#root);
  }

  add(pattern: string, value: T): void {
    this.#forget();
    let node = this.#root;
    for (const segment of pattern.split('.')) {
      if (segment === '**') {
        (node.rest ??= []).push(value);
        return;
      }
      node.children ??= new Map();
      let next = node.children.get(segment);
      if (next === undefined) node.children.set(segment, (next = newNode()));
      node = next;
    }
    (node.ends ??= []).push(value);
  }

  /** Takes out what `add` put in, and the branches that lead nowhere without it. */
  delete(pattern: string, value: T): void {
    this.#forget();
    this.#delete(this.#root, pattern.split('.'), 0, value);
  }

  #delete(node: Node<T>, segments: readonly string[], index: number, value: T): void {
    const segment = segments[index];
    if (segment === undefined) node.ends = without(node.ends, value);
    else if (segment === '**') node.rest = without(node.rest, value);
    else {
      const next = node.children?.get(segment);
      if (next === undefined) return;
      this.#delete(next, segments, index + 1, value);
      if (!isEmpty(next)) return;
      node.children?.delete(segment);
      if (node.children?.size === 0) node.children = undefined;
    }
  }

  /** Every value with a pattern that matches; more than once where more than one of its patterns does. */
  match(topic: string): readonly T[] {
    const kept = this.#kept.get(topic);
    if (kept !== undefined) return kept;
    const found = this.find(topic);
    const size = 1 + found.length;
    if (this.#keptSize + size > MOST_KEPT) this.#forget();
    if (size <= MOST_KEPT) {
      this.#kept.set(topic, found);
      this.#keptSize += size;
    }
    return found;
  }

  /** As `match`, by a walk through the tree. */
  find(topic: string): T[] {
    const found: T[] = [];
    walk(this.#root, topic.split('.'), 0, (value) => found.push(value));
    return found;
  }

  #forget(): void {
    if (this.#keptSize === 0) return;
    this.#kept.clear();
    this.#keptSize = 0;
  }
}

const walk = <T>(node: Node<T>, segments: readonly string[], index: number, visit: (value: T) => void): void => {
  if (index === segments.length) {
    if (node.ends !== undefined) for (const value of node.ends) visit(value);
    return;
  }
  if (node.rest !== undefined) for (const value of node.rest) visit(value);
  if (node.children === undefined) return;
  const exact = node.children.get(segments[index] as string);
  if (exact !== undefined) walk(exact, segments, index + 1, visit);
  const any = node.children.get('*');
  if (any !== undefined) walk(any, segments, index + 1, visit);
};

const without = <T>(values: T[] | undefined, value: T): T[] | undefined => {
  if (values === undefined) return undefined;
  const index = values.indexOf(value);
  if (index === -1) return values;
  // Order means nothing here, so the last one takes the place.
  const last = values.pop() as T;
  if (index < values.length) values[index] = last;
  return values.length === 0 ? undefined : values;
};
