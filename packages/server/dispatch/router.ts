// From a method and a path to a row of the table: one tree for every transport, made from the rows (clause 1, 3.1.1, 3.2.3).
import { invalidField, type Method, type Operation, ProtocolError } from '@godwit/protocol';

export interface Match {
  readonly operation: Operation;
  readonly params: Readonly<Record<string, string>>;
}

interface Node {
  readonly literals: Map<string, Node>;
  parameter: Node | undefined;
  readonly methods: Map<Method, { readonly operation: Operation; readonly names: readonly string[] }>;
}

const newNode = (): Node => ({ literals: new Map(), parameter: undefined, methods: new Map() });

const decode = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw invalidField('/path', 'has a percent-encoding that is not one');
  }
};

const nowhere = (path: string): ProtocolError => {
  const hint = path.startsWith('/') ? (path.endsWith('/') ? ': none ends in a slash' : '') : ': each begins with a slash';
  return new ProtocolError('NOT_FOUND', `There is no such path${hint}.`);
};

/** What splitting gives for the path of nothing: what is before the first slash. */
const ROOT: readonly string[] = [''];
const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze({});

export class Router {
  readonly #root = newNode();

  /** Adds a row. Throws where another has its method and path. */
  add(operation: Operation): void {
    const names: string[] = [];
    let node = this.#root;
    for (const segment of operation.path.split('/').slice(1)) {
      const name = /^\{(\w+)\}$/.exec(segment)?.[1];
      if (name === undefined) {
        let next = node.literals.get(segment);
        if (next === undefined) node.literals.set(segment, (next = newNode()));
        node = next;
      } else {
        names.push(name);
        node = node.parameter ??= newNode();
      }
    }
    if (node.methods.has(operation.method)) throw new Error(`Two operations have the path ${operation.method} ${operation.path}.`);
    node.methods.set(operation.method, { operation, names });
  }

  /** The row for a path below /v1. Throws `NOT_FOUND`, or `METHOD_NOT_ALLOWED` with `Allow`. */
  find(method: string, path: string): Match {
    const values: string[] = [];
    const node = this.#reach(path, values);
    const found = node.methods.get(method as Method);
    if (found === undefined) {
      const allow = this.#allow(node);
      const hint = path.startsWith('/v1/') ? ' Paths in here are below /v1 and leave it out.' : '';
      throw new ProtocolError('METHOD_NOT_ALLOWED', `This path takes ${allow.join(', ')} only.${hint}`, { allow }, { headers: { allow: allow.join(', ') } });
    }
    if (values.length === 0) return { operation: found.operation, params: NO_PARAMS };
    const params: Record<string, string> = {};
    for (let index = 0; index < values.length; index++) params[found.names[index] as string] = values[index] as string;
    return { operation: found.operation, params };
  }

  /** The methods of a path, for `OPTIONS`. Throws `NOT_FOUND`. */
  methods(path: string): readonly string[] {
    return this.#allow(this.#reach(path, []));
  }

  /** The node of a path; `values` gets what stands in the places of its parameters. Throws `NOT_FOUND`. */
  #reach(path: string, values: string[]): Node {
    if (path !== '' && !path.startsWith('/')) throw nowhere(path);
    // What is escaped means what it stands for, in the words of the protocol as in names; an escaped slash divides nothing.
    const segments = path === '/' ? ROOT : path.includes('%') ? path.split('/').map(decode) : path.split('/');
    const node = this.#walk(this.#root, segments, 1, values);
    if (node === undefined) throw nowhere(path);
    return node;
  }

  #allow(node: Node): string[] {
    const methods: string[] = [...node.methods.keys()];
    return [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].sort();
  }

  #walk(node: Node, segments: readonly string[], index: number, values: string[]): Node | undefined {
    if (index === segments.length) return node.methods.size === 0 ? undefined : node;
    const segment = segments[index] as string;
    const literal = node.literals.get(segment);
    const below = literal === undefined ? undefined : this.#walk(literal, segments, index + 1, values);
    if (below !== undefined) return below;
    // A word of the protocol is never a collection's name.
    if (node.parameter === undefined || segment === '' || (index === 1 && literal !== undefined && !this.#isCollection(literal))) return undefined;
    const depth = values.push(segment);
    const found = this.#walk(node.parameter, segments, index + 1, values);
    if (found === undefined) values.length = depth - 1;
    return found;
  }

  /** Whether a literal first segment stands for a collection that has actions of its own beside its documents. */
  #isCollection(literal: Node): boolean {
    return this.#actionRoots.has(literal);
  }

  readonly #actionRoots = new Set<Node>();

  /** Adds a row of the application: its first segment may also be a collection's name. */
  addAction(operation: Operation): void {
    this.add(operation);
    const first = this.#root.literals.get(operation.path.split('/')[1] as string);
    if (first !== undefined) this.#actionRoots.add(first);
  }
}
