// One message in full: where it stands in the log, and its data as a tree.
import { Button, Copy, Tag } from '../parts/controls.tsx';
import { moment } from '../parts/format.ts';
import { JsonTree } from '../parts/json-tree.tsx';
import type { Row } from './tail.ts';

export interface DetailProps {
  readonly row: Row;
  readonly onClose: () => void;
  /** Shows the log from just after it. */
  readonly onJump: (cursor: string) => void;
  readonly onFollow: (topic: string) => void;
  readonly onRepeat: ((topic: string, data: unknown) => void) | undefined;
}

export const Detail = ({ row: { message }, onClose, onJump, onFollow, onRepeat }: DetailProps) => (
  <section class="pane" aria-label="Message">
    <div class="pane-head">
      <h2 class="mono">{message.topic}</h2>
      <Button kind="quiet" label="Close the message" onClick={onClose}>
        ×
      </Button>
    </div>
    <div class="pane-body">
      <dl class="facts">
        <dt>Published</dt>
        <dd>
          {moment(message.timestamp)} {message.redelivered && <Tag tone="warn">redelivered</Tag>}
        </dd>
        <dt>Cursor</dt>
        <dd>
          <code>{message.cursor}</code> <Copy text={message.cursor} label="cursor" />
        </dd>
        <dt>Message</dt>
        <dd>
          <code>{message.messageId}</code> <Copy text={message.messageId} label="message id" />
        </dd>
      </dl>
      <div class="pane-bar">
        <h3>Data</h3>
        <Copy text={JSON.stringify(message.data, null, 2)} label="data" />
      </div>
      <JsonTree key={message.messageId} value={message.data} label="Data" />
      <div class="actions">
        <Button onClick={() => onFollow(message.topic)}>Only this topic</Button>
        <Button onClick={() => onJump(message.cursor)}>Log from here</Button>
        {onRepeat !== undefined && <Button onClick={() => onRepeat(message.topic, message.data)}>Publish again</Button>}
      </div>
    </div>
  </section>
);
