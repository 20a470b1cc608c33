// A commit whose messages are there as they are: what a store makes of units, and what tests make.
import type { Commit, StoredMessage } from './storage.ts';

export const commitOf = (messages: readonly StoredMessage[]): Commit => {
  const at = (index: number): StoredMessage => messages[index] as StoredMessage;
  return {
    count: messages.length,
    last: messages.length === 0 ? 0 : at(messages.length - 1).seq,
    seqAt: (index) => at(index).seq,
    topicAt: (index) => at(index).topic,
    isChangeAt: (index) => at(index).change,
    sizeAt: (index) => at(index).topic.length + at(index).data.length,
    message: at,
    release: () => {},
  };
};

/** All messages of a commit. */
export const messagesOf = (commit: Commit): StoredMessage[] => Array.from({ length: commit.count }, (_, index) => commit.message(index));
