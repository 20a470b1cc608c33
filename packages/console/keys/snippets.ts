// Lines to paste: the same publish and subscribe over curl, wscat and the SDK, with the credential in its place. Pure.
import { allows } from '@godwit/protocol';

export interface Snippet {
  readonly name: string;
  readonly text: string;
}

/** Within single quotes of a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** A topic that a pattern matches, to show something by. */
const topicOf = (pattern: string): string =>
  pattern
    .split('.')
    .map((segment) => (segment === '**' || segment === '*' ? 'hello' : segment))
    .join('.');

const patternFor = (scopes: readonly string[], verb: string): string | undefined => {
  if (scopes.some((held) => allows(held, `${verb}:**`))) return '**';
  return scopes.find((scope) => scope.startsWith(`${verb}:`))?.slice(verb.length + 1);
};

/** What can be done with a credential of these scopes; `isToken`: it is short-lived and may be given to a browser. */
export const snippets = (url: string, credential: string, scopes: readonly string[], isToken: boolean): readonly Snippet[] => {
  const publish = patternFor(scopes, 'publish');
  const follow = patternFor(scopes, 'subscribe');
  const topic = publish === undefined ? undefined : topicOf(publish);
  const bearer = `-H ${quoted(`Authorization: Bearer ${credential}`)}`;
  const curl = [
    `curl ${url}/v1/session ${bearer}`,
    ...(topic === undefined
      ? []
      : [`curl ${url}/v1/topics/${topic}/messages ${bearer} \\\n  -H 'Content-Type: application/json' -d '{"requestId":"hello-1","data":{"hello":"world"}}'`]),
    ...(follow === undefined ? [] : [`curl -N ${quoted(`${url}/v1/messages?topics=${follow}&after=earliest`)} ${bearer} \\\n  -H 'Accept: text/event-stream'`]),
  ];
  const wscat = [
    `wscat -c ${url.replace(/^http/, 'ws')}/v1/ws ${bearer}`,
    ...(follow === undefined
      ? []
      : [`{"messageId":"s-1","type":"request","payload":{"method":"POST","path":"/subscriptions","data":{"topics":["${follow}"]}}}`]),
    ...(topic === undefined
      ? []
      : [`{"messageId":"p-1","type":"request","payload":{"method":"POST","path":"/topics/${topic}/messages","data":{"hello":"world"}}}`]),
  ];
  const sdk = [
    `import { createClient } from '@godwit/client';\n`,
    `const client = createClient({ url: '${url}', ${isToken ? 'token' : 'key'}: '${credential}' });`,
    ...(follow === undefined ? [] : [`client.subscribe('${follow}', (message) => console.log(message.topic, message.data));`]),
    ...(topic === undefined ? [] : [`await client.publish('${topic}', { hello: 'world' });`]),
  ];
  return [
    { name: 'curl', text: curl.join('\n') },
    { name: 'wscat', text: wscat.join('\n') },
    { name: 'SDK', text: sdk.join('\n') },
  ];
};
