// What came off the wire. It is looked into by name and asserted upon, so it has no type until a scenario says what it expects;
// this is the one place in the specification where that is allowed.

// biome-ignore lint/suspicious/noExplicitAny: answers are judged by assertions, not by types
export type Json = any;
