// Messages as they move: followed, paused, looked back into, filtered, opened, published. The list is drawn at a pace that the page can keep.
import { isPattern } from '@godwit/protocol';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { client, mayAny, session, who } from '../frame/session.ts';
import { Button, Choice, Tag, TextField } from '../parts/controls.tsx';
import { FormDialog } from '../parts/dialog.tsx';
import { count } from '../parts/format.ts';
import { Empty, Failure, FailureLine, Loading, Notice } from '../parts/states.tsx';
import { describe } from '../schema/described.ts';
import { Detail } from './detail.tsx';
import { browserFrames, Pace } from './pace.ts';
import { Publish } from './publish.tsx';
import { Rows } from './rows.tsx';
import { MOST_ROWS, type Row, Tail } from './tail.ts';

const PATTERNS = 'godwit.patterns';
const FILTER_MS = 300;

/** What one may follow at first: everything, or what one's scopes name. */
const ownPatterns = (): string => {
  const scopes = who.value?.scopes ?? [];
  if (scopes.includes('admin') || scopes.includes('subscribe:**')) return '**';
  const named = scopes.filter((scope) => scope.startsWith('subscribe:')).map((scope) => scope.slice('subscribe:'.length));
  return named.slice(0, 10).join(', ');
};

const split = (text: string): string[] =>
  text
    .split(/[\s,]+/)
    .filter((part) => part !== '')
    .slice(0, 100);

const useDelayed = (value: string, ms: number): string => {
  const [late, setLate] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setLate(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return late;
};

/** A tail of the patterns and what draws it; another one where they, the filter or the place change. */
const useTail = (patterns: readonly string[], filter: string, jump: { readonly to: string }) => {
  const [, draw] = useState(0);
  const current = useMemo(() => {
    const pace = new Pace(browserFrames, () => draw((turn) => turn + 1));
    let received = 0;
    const tail = new Tail({
      client: client(),
      patterns,
      filter,
      onChange: () => {
        pace.changed(tail.received - received);
        received = tail.received;
      },
    });
    return { tail, pace };
  }, [patterns.join(), filter, jump, session.value]);
  useEffect(() => {
    const { tail, pace } = current;
    if (patterns.length > 0) void (jump.to === '' ? tail.open() : tail.jump(jump.to));
    const timer = setInterval(() => {
      if (pace.tick()) draw((turn) => turn + 1);
    }, 500);
    return () => {
      clearInterval(timer);
      tail.close();
      pace.stop();
    };
  }, [current]);
  return current;
};

const Rate = ({ tail, pace }: { readonly tail: Tail; readonly pace: Pace }) => (
  <span class="rate" data-received={tail.received}>
    {pace.isFlood && tail.mode === 'following' ? (
      <>
        <Tag tone="warn">sampled</Tag> showing {count(pace.drawnPerSecond)} of {count(pace.perSecond)}/s
      </>
    ) : (
      `${count(pace.perSecond)}/s`
    )}
  </span>
);

const Foot = ({ tail }: { readonly tail: Tail }) => {
  if (tail.reading) return <span role="status">Reading the log</span>;
  if (tail.hasOlder) return <Button onClick={() => void tail.older()}>Look further back</Button>;
  return <span class="muted">The log begins here.</span>;
};

interface JumpProps {
  readonly onJump: (to: string) => void;
  readonly onClose: () => void;
}

const JumpDialog = ({ onJump, onClose }: JumpProps) => {
  const [kind, setKind] = useState<'time' | 'cursor' | 'earliest'>('time');
  const [time, setTime] = useState('');
  const [cursor, setCursor] = useState('');
  const to = kind === 'earliest' ? 'earliest' : kind === 'cursor' ? cursor.trim() : time === '' ? '' : new Date(time).toISOString();
  return (
    <FormDialog title="Look into the log" verb="Show" ready={to !== ''} act={() => onJump(to)} onClose={onClose}>
      <Choice
        label="From"
        value={kind}
        onChange={setKind}
        options={[
          ['time', 'a time'],
          ['cursor', 'a cursor'],
          ['earliest', 'the beginning of the log'],
        ]}
      />
      {kind === 'time' && <TextField label="Time, as on this machine" type="datetime-local" value={time} onInput={setTime} />}
      {kind === 'cursor' && <TextField label="Cursor" value={cursor} onInput={setCursor} mono />}
    </FormDialog>
  );
};

/** What stands where the rows would: why there are none. */
const Body = ({
  tail,
  pace,
  chosen,
  onChoose,
  retry,
}: {
  readonly tail: Tail;
  readonly pace: Pace;
  readonly chosen: Row | undefined;
  readonly onChoose: (row: Row) => void;
  readonly retry: () => void;
}) => {
  if (tail.patterns.length === 0) return <Empty title="Nothing is followed">Name one or more patterns above: orders.*, orders.**, or ** for everything.</Empty>;
  if (tail.mode === 'failed') return <Failure error={tail.error} onRetry={retry} />;
  if (tail.rows.length > 0) return <Rows tail={tail} chosen={chosen} onChoose={onChoose} onDrawn={(rows) => pace.drew(rows)} foot={<Foot tail={tail} />} />;
  if (tail.mode === 'opening' || tail.reading) return <Loading what="the log" />;
  return (
    <Empty title="No messages yet">
      <p>They appear here as soon as they are published.</p>
      {tail.hasOlder && <Foot tail={tail} />}
    </Empty>
  );
};

export const LivePage = () => {
  const [typed, setTyped] = useState(() => sessionStorage.getItem(PATTERNS) ?? ownPatterns());
  const [asked, setAsked] = useState(typed);
  const [filterTyped, setFilter] = useState('');
  const filter = useDelayed(filterTyped.trim().toLowerCase(), FILTER_MS);
  const [jump, setJump] = useState({ to: '' });
  const [jumping, setJumping] = useState(false);
  const [chosen, setChosen] = useState<Row>();
  const [draft, setDraft] = useState({ open: false, topic: '', text: '{\n  \n}' });
  const patterns = useMemo(() => split(asked), [asked]);
  const wrong = split(typed).find((pattern) => !isPattern(pattern));
  const { tail, pace } = useTail(patterns, filter, jump);
  useEffect(() => {
    describe().catch(() => {});
  }, [session.value]);
  const ask = (text: string): void => {
    if (split(text).some((pattern) => !isPattern(pattern))) return;
    setTyped(text);
    setAsked(text);
    setJump({ to: '' });
    sessionStorage.setItem(PATTERNS, text);
  };
  const choose = (row: Row): void => {
    setChosen(row);
    setDraft((before) => ({ ...before, open: false }));
  };
  const canPublish = mayAny('publish');
  const isPaused = tail.mode === 'paused';
  return (
    <div class={draft.open || chosen !== undefined ? 'page split' : 'page'}>
      <div class="page-main">
        <header class="page-head">
          <h1>Live</h1>
          <Rate tail={tail} pace={pace} />
          <div class="grow" />
          <Button onClick={() => setJumping(true)}>Look into the log</Button>
          {canPublish && (
            <Button kind="primary" onClick={() => setDraft((before) => ({ ...before, open: true }))}>
              Publish
            </Button>
          )}
        </header>
        <form
          class="toolbar live-toolbar"
          onSubmit={(event) => {
            event.preventDefault();
            ask(typed);
          }}
        >
          <div class="grow">
            <TextField
              label="Patterns"
              hidden
              value={typed}
              onInput={setTyped}
              mono
              placeholder="Patterns: orders.**, sensors.*.reading"
              error={wrong === undefined ? undefined : `${wrong} is no pattern: * stands for one segment, a last ** for one or more`}
            />
          </div>
          <Button type="submit" disabled={wrong !== undefined || typed === asked}>
            Follow
          </Button>
          <TextField label="Filter by text in topic or data" hidden type="search" value={filterTyped} onInput={setFilter} placeholder="Filter by text" />
          {tail.mode === 'following' && <Button onClick={() => tail.pause()}>Pause</Button>}
          {isPaused && (
            <Button kind="primary" onClick={() => tail.resume()}>
              Go on
            </Button>
          )}
        </form>
        {isPaused && (
          <Notice>
            <span>
              Paused. {tail.waiting > 0 ? `${count(tail.waiting)} came since.` : tail.hasNewer ? 'The log goes on behind this.' : 'Nothing came since.'} Going
              on shows what came, in order.
            </span>
            {(tail.waiting > 0 || tail.hasNewer) && <Button onClick={() => void tail.newer()}>Next page</Button>}
            {(tail.waiting > 0 || tail.hasNewer || jump.to !== '') && <Button onClick={() => setJump({ to: '' })}>Skip to now</Button>}
          </Notice>
        )}
        {tail.gaps > 0 && <Notice tone="warn">Retention removed messages before they could be shown.</Notice>}
        {tail.mode !== 'failed' && <FailureLine error={tail.error} />}
        <Body tail={tail} pace={pace} chosen={chosen} onChoose={choose} retry={() => setJump({ to: '' })} />
        <footer class="page-foot">
          <span data-rows={tail.rows.length}>
            {count(tail.rows.length)} messages here{tail.rows.length >= MOST_ROWS ? ', the rest in the log' : ''}
          </span>
          {filter !== '' && <span>with “{filter}”</span>}
        </footer>
      </div>
      {draft.open ? (
        <Publish
          topic={draft.topic}
          text={draft.text}
          onChange={(topic, text) => setDraft({ open: true, topic, text })}
          onClose={() => setDraft((before) => ({ ...before, open: false }))}
        />
      ) : (
        chosen !== undefined && (
          <Detail
            row={chosen}
            onClose={() => setChosen(undefined)}
            onJump={(to) => setJump({ to })}
            onFollow={ask}
            onRepeat={canPublish ? (topic, data) => setDraft({ open: true, topic, text: JSON.stringify(data, null, 2) }) : undefined}
          />
        )
      )}
      {jumping && (
        <JumpDialog
          onClose={() => setJumping(false)}
          onJump={(to) => {
            setJumping(false);
            setJump({ to });
          }}
        />
      )}
    </div>
  );
};
