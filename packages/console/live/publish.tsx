// Publishing by hand: the form knows the schema of the topic, where one is declared, and says what is wrong before the server does.
import type { Published } from '@godwit/protocol';
import { firstSegment, isTopic } from '@godwit/protocol';
import { useId, useState } from 'preact/hooks';
import { client, may, who } from '../frame/session.ts';
import { Button, Copy, TextField } from '../parts/controls.tsx';
import { clock } from '../parts/format.ts';
import { JsonEditor, readJson } from '../parts/json-editor.tsx';
import { FailureLine, Notice } from '../parts/states.tsx';
import { described, schemaOfTopic } from '../schema/described.ts';
import { example } from '../schema/example.ts';

export interface PublishProps {
  readonly topic: string;
  readonly text: string;
  readonly onChange: (topic: string, text: string) => void;
  readonly onClose: () => void;
}

const faultOf = (topic: string): string | undefined => {
  if (topic === '') return undefined;
  if (!isTopic(topic)) return 'A topic is segments of letters, digits, - and _, with dots between.';
  if (who.value?.collections.some(({ name }) => name === firstSegment(topic)) === true)
    return `${firstSegment(topic)} is a collection: only the server publishes here, when a document changes.`;
  if (!may(`publish:${topic}`)) return 'Your scopes do not cover publishing here.';
  return undefined;
};

export const Publish = ({ topic, text, onChange, onClose }: PublishProps) => {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [done, setDone] = useState<readonly Published[]>([]);
  const list = useId();
  const known = schemaOfTopic(described.value, topic);
  const { root } = described.value;
  const reading = readJson(text, known?.schema, root);
  const topicFault = faultOf(topic);
  const ready = topic !== '' && topicFault === undefined && reading.broken === undefined && !busy;
  const publish = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const published = await client().publish(topic, reading.value);
      setDone((before) => [published, ...before].slice(0, 5));
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
  };
  const collections = new Set(who.value?.collections.map(({ name }) => name));
  return (
    <section class="pane" aria-label="Publish">
      <div class="pane-head">
        <h2>Publish</h2>
        <Button kind="quiet" label="Close the form" onClick={onClose}>
          ×
        </Button>
      </div>
      <form
        class="pane-body"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) void publish();
        }}
      >
        <TextField
          label="Topic"
          value={topic}
          mono
          list={list}
          placeholder="orders.42.paid"
          autoFocus
          error={topicFault}
          onInput={(value) => onChange(value, text)}
          hint={known === undefined ? undefined : `Declared as ${known.pattern}`}
        />
        <datalist id={list}>
          {described.value.topics
            .filter(({ pattern }) => !collections.has(firstSegment(pattern)))
            .map(({ pattern }) => (
              <option key={pattern} value={pattern} />
            ))}
        </datalist>
        <JsonEditor label="Data" text={text} onInput={(value) => onChange(topic, value)} schema={known?.schema} root={root} rows={10} />
        {known?.schema !== undefined && (
          <div class="actions">
            <Button onClick={() => onChange(topic, JSON.stringify(example(known.schema, root), null, 2))}>Begin from the schema</Button>
          </div>
        )}
        <FailureLine error={error} />
        <div class="actions">
          <Button type="submit" kind="primary" disabled={!ready}>
            {busy ? 'Publishing' : 'Publish'}
          </Button>
        </div>
        {done.map(({ messageId, cursor, timestamp, topic: to }) => (
          <Notice key={messageId} tone="good">
            Confirmed at {clock(timestamp)} on <code>{to}</code>, cursor <code>{cursor}</code> <Copy text={cursor} label="cursor" />
          </Notice>
        ))}
      </form>
    </section>
  );
};
