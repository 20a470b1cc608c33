// Topics and patterns: what is well formed, what matches, what covers (clause 1, 6.2, 11.3). Pure; refuses to know who asks.

/** The longest topic or pattern, in bytes (clause 1). */
export const MAX_TOPIC_BYTES = 255;
/** The most segments a topic or pattern has (clause 1). */
export const MAX_TOPIC_SEGMENTS = 16;

const SEGMENT = /^[A-Za-z0-9_-]+$/;
const TOPIC = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){0,15}$/;

/** Whether `text` is a topic that clients may name: 1 to 16 segments of `[A-Za-z0-9_-]+`, at most 255 bytes (clause 1). */
export const isTopic = (text: string): boolean => text.length <= MAX_TOPIC_BYTES && TOPIC.test(text);

/** Whether `text` is a topic of the server's own notices, `$sys.welcome`: never in the log, never matched (clause 1). */
export const isServerTopic = (text: string): boolean => text.startsWith('$');

/** Whether `text` is a pattern: a topic in which `*` stands for one segment and a last `**` for one or more (clause 1). */
export const isPattern = (text: string): boolean => {
  if (text.length > MAX_TOPIC_BYTES) return false;
  const segments = text.split('.');
  if (segments.length > MAX_TOPIC_SEGMENTS) return false;
  return segments.every((segment, index) => segment === '*' || SEGMENT.test(segment) || (segment === '**' && index === segments.length - 1));
};

/** The first segment of a topic or pattern. */
export const firstSegment = (text: string): string => {
  const dot = text.indexOf('.');
  return dot === -1 ? text : text.slice(0, dot);
};

const matchSegments = (pattern: readonly string[], topic: readonly string[]): boolean => {
  for (let index = 0; index < pattern.length; index++) {
    const segment = pattern[index];
    if (segment === '**') return topic.length > index;
    if (index >= topic.length || (segment !== '*' && segment !== topic[index])) return false;
  }
  return pattern.length === topic.length;
};

/** Whether a pattern matches a topic (clause 1). Topics of the server (`$...`) are matched by none. */
export const matches = (pattern: string, topic: string): boolean =>
  !isServerTopic(topic) && (pattern === topic || (pattern.includes('*') && matchSegments(pattern.split('.'), topic.split('.'))));

/** Patterns as a tree of their segments. */
interface Branch {
  readonly next: Map<string, Branch>;
  /** A pattern ends here, or ends with `**` here. */
  ends: boolean;
  rest: boolean;
}

const newBranch = (): Branch => ({ next: new Map(), ends: false, rest: false });

const grow = (root: Branch, pattern: string): void => {
  let branch = root;
  for (const segment of pattern.split('.')) {
    if (segment === '**') {
      branch.rest = true;
      return;
    }
    let next = branch.next.get(segment);
    if (next === undefined) branch.next.set(segment, (next = newBranch()));
    branch = next;
  }
  branch.ends = true;
};

const leads = ({ next, ends, rest }: Branch, topic: readonly string[], index: number): boolean => {
  if (index === topic.length) return ends;
  if (rest) return true;
  const exact = next.get(topic[index] as string);
  if (exact !== undefined && leads(exact, topic, index + 1)) return true;
  const any = next.get('*');
  return any !== undefined && leads(any, topic, index + 1);
};

/** One test for many patterns, prepared once: exact topics by look-up, the rest by a walk through their tree, so that ten thousand cost no more than ten. */
export const matcher = (patterns: readonly string[]): ((topic: string) => boolean) => {
  if (patterns.includes('**')) return (topic) => !isServerTopic(topic);
  const exact = new Set(patterns.filter((pattern) => !pattern.includes('*')));
  if (exact.size === patterns.length) return (topic) => exact.has(topic);
  const wild = newBranch();
  for (const pattern of patterns) if (pattern.includes('*')) grow(wild, pattern);
  return (topic) => exact.has(topic) || (!isServerTopic(topic) && leads(wild, topic.split('.'), 0));
};

/** Whether there is a topic that both patterns match. */
export const meets = (one: string, other: string): boolean => {
  const [these, those] = [one.split('.'), other.split('.')];
  for (let index = 0; index < Math.max(these.length, those.length); index++) {
    const [here, there] = [these[index], those[index]];
    if (here === undefined || there === undefined) return false;
    if (here === '**' || there === '**') return true;
    if (here !== there && here !== '*' && there !== '*') return false;
  }
  return true;
};

/** Whether every topic that `inner` matches is matched by `outer` too: how a scope covers what is asked for (11.3). */
export const covers = (outer: string, inner: string): boolean => {
  const wide = outer.split('.');
  const narrow = inner.split('.');
  for (let index = 0; index < wide.length; index++) {
    const segment = wide[index];
    // `**` stands for one or more: anything that still has a segment here is within it.
    if (segment === '**') return narrow.length > index;
    const asked = narrow[index];
    if (asked === undefined || asked === '**') return false;
    if (segment !== '*' && segment !== asked) return false;
  }
  return wide.length === narrow.length;
};
