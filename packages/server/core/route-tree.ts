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

export class RouteTree<T> {
  readonly #root: Node<T> = newNode();

  get isEmpty(): boolean {
    return isEmpty(this.#root);
  }

  add(pattern: string, value: T): void {
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

  /** Calls `visit` for every value with a pattern that matches; more than once where more than one of its patterns does. */
  match(topic: string, visit: (value: T) => void): void {
    walk(this.#root, topic.split('.'), 0, visit);
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
