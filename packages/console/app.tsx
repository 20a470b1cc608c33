// The frame around the pages: who may see which, where one is, how the connection stands.
import { useEffect, useRef } from 'preact/hooks';
import { ConnectionsPage } from './connections/page.tsx';
import { DocumentsPage } from './documents/page.tsx';
import { NEEDED, PAGES } from './frame/pages.ts';
import { go, pathTo, route } from './frame/route.ts';
import { leave, phase, restore, session, unreachable, who } from './frame/session.ts';
import { Mark, SignIn } from './frame/sign-in.tsx';
import { StateLine } from './frame/state-line.tsx';
import { YouPage } from './frame/you.tsx';
import { HealthPage } from './health/page.tsx';
import { KeysPage } from './keys/page.tsx';
import { LivePage } from './live/page.tsx';
import { Button } from './parts/controls.tsx';
import { Empty, Failure, Loading } from './parts/states.tsx';
import { SubscriptionsPage } from './subscriptions/page.tsx';

const CONTENT: Readonly<Record<string, () => preact.JSX.Element | null>> = {
  live: LivePage,
  documents: DocumentsPage,
  subscriptions: SubscriptionsPage,
  connections: ConnectionsPage,
  keys: KeysPage,
  health: HealthPage,
  you: YouPage,
};

const Navigation = () => {
  const { page } = route.value;
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [page]);
  return (
    <nav class="side" aria-label="Pages">
      <p class="brand">
        <Mark /> Godwit
      </p>
      <ul ref={list}>
        {PAGES.filter(({ isShown }) => isShown()).map(({ path, title }) => (
          <li key={path}>
            <a href={pathTo(path)} aria-current={page === path ? 'page' : undefined}>
              {title()}
            </a>
          </li>
        ))}
        <li class="side-you">
          <a href={pathTo('you')} aria-current={page === 'you' ? 'page' : undefined} title={who.value?.client}>
            You <span>· {who.value?.client}</span>
          </a>
        </li>
      </ul>
      <StateLine />
    </nav>
  );
};

const Content = () => {
  const { page } = route.value;
  const entry = PAGES.find(({ path }) => path === page);
  const first = PAGES.find(({ isShown }) => isShown())?.path ?? 'you';
  useEffect(() => {
    if (page === '') go(pathTo(first), 'replace');
  }, [page, first]);
  useEffect(() => {
    document.title = `${entry?.title() ?? (page === 'you' ? 'You' : 'Console')} · Godwit`;
  }, [page, entry]);
  if (page === '') return null;
  const Page = CONTENT[page];
  if (Page === undefined)
    return (
      <Empty whole title="There is no such page">
        Choose one from the navigation.
      </Empty>
    );
  if (entry !== undefined && !entry.isShown()) {
    return (
      <Empty whole title="Not for these credentials">
        <p>
          This page needs the scope <code>{NEEDED[page]}</code>. Sign in with a key that has it, or choose another page.
        </p>
        <Button onClick={() => leave()}>Sign in with another key</Button>
      </Empty>
    );
  }
  return <Page key={page} />;
};

export const App = () => {
  if (phase.value === 'out') return <SignIn />;
  if (session.value === undefined) {
    return (
      <main class="sign-in">
        <div class="sign-in-card">
          {unreachable.value === undefined ? <Loading what="the console" /> : <Failure error={unreachable.value} onRetry={() => void restore()} />}
          {unreachable.value !== undefined && <Button onClick={() => leave()}>Sign out</Button>}
        </div>
      </main>
    );
  }
  return (
    <div class="frame">
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <Navigation />
      <main id="content" tabIndex={-1}>
        <Content />
      </main>
    </div>
  );
};
