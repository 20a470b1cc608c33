// Section 2: one port, HTTP/1.1, TLS or clear and never both, IPv4 and IPv6.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { connect as connectTcp, createServer } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls, type SecureVersion } from 'node:tls';
import { caller, envelope } from '../caller.ts';
import { makeCertificate } from '../certificate.ts';
import { eventually, succeeds } from '../expect.ts';
import { refusedStart } from '../own-server.ts';
import { scenario } from '../scenario.ts';
import type { Trial } from '../trial.ts';
import { nextResponse, openSocket } from '../wire.ts';

const certificateFiles = (directory: string): { cert: string; key: string } => {
  const { cert, key } = makeCertificate();
  const files = { cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem') };
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key);
  return files;
};

/** The protocol that a handshake with this version alone ends in, undefined where it is refused. */
const handshake = (port: number, version: SecureVersion): Promise<string | undefined> =>
  new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, minVersion: version, maxVersion: version, rejectUnauthorized: false, ciphers: 'DEFAULT@SECLEVEL=0' };
    const socket = connectTls(options, () => {
      resolve(socket.getProtocol() ?? undefined);
      socket.destroy();
    });
    socket.setTimeout(5_000, () => socket.destroy());
    socket.once('error', () => resolve(undefined));
    socket.once('close', () => resolve(undefined));
  });

scenario('2.1 HTTP/1.1 is spoken and connections are kept', {}, async (t) => {
  const socket = await openSocket(t.url);
  t.after(async () => socket.destroy());
  const { host } = new URL(t.url);
  for (const turn of ['first', 'second']) {
    const answer = nextResponse(socket);
    socket.write(`GET /v1 HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    assert.equal((await answer)?.status, 200, `the ${turn} request of a connection`);
  }
});

scenario('2.1 requests sent without waiting are answered in their order', {}, async (t) => {
  const socket = await openSocket(t.url);
  t.after(async () => socket.destroy());
  const { host } = new URL(t.url);
  let text = '';
  const three = new Promise<void>((resolve) => {
    socket.on('data', (part: Buffer) => {
      text += part.toString('latin1');
      if ((text.match(/HTTP\/1\.1 /g) ?? []).length === 3) resolve();
    });
    socket.once('close', () => resolve());
  });
  socket.write(['/v1', '/v2/x', '/healthz'].map((path) => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`).join(''));
  await three;
  assert.deepEqual(text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 200']);
});

/** As Java's client and curl send it in clear by default, and as a few others do. */
const OFFERS = [
  'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n',
  'Connection: upgrade\r\nUpgrade: TLS/1.2, IRC/6.9\r\n',
];

/** Offers other protocols with requests of one connection; the statuses of their answers. */
const offered = async (t: Trial, url: string, credential: string, offer: string): Promise<(number | undefined)[]> => {
  const socket = await openSocket(url);
  t.after(async () => socket.destroy());
  const head = `Host: ${new URL(url).host}\r\nAuthorization: Bearer ${credential}\r\n${offer}`;
  const body = JSON.stringify(envelope(1));
  const statuses = [];
  for (const request of [
    `GET /v1 HTTP/1.1\r\n${head}\r\n`,
    `POST /v1/topics/t/messages HTTP/1.1\r\n${head}Content-Length: ${body.length}\r\n\r\n${body}`,
    `POST /v1/topics/t/messages HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    `GET /healthz HTTP/1.1\r\n${head}\r\n`,
    `GET /nothing-here HTTP/1.1\r\n${head}\r\n`,
  ]) {
    const answer = nextResponse(socket);
    socket.write(request);
    statuses.push((await answer)?.status);
  }
  return statuses;
};

scenario('2.1 a protocol that is offered beside (`Upgrade: h2c`) is passed over, and the request served: RFC 9110 7.8', {}, async (t) => {
  for (const offer of OFFERS) assert.deepEqual(await offered(t, t.url, t.admin.credential ?? '', offer), [200, 201, 201, 200, 404], offer);
});

scenario('2.1 so it is over TLS', { needs: 'own server' }, async (t) => {
  const { cert, key } = certificateFiles(t.directory());
  const server = await t.server({ flags: ['--tls-cert', cert, '--tls-key', key] });
  for (const offer of OFFERS) assert.deepEqual(await offered(t, server.url, server.key, offer), [200, 201, 201, 200, 404], offer);
});

scenario('2.1 a handshake sent behind a request is answered behind it: RFC 9112 9.3.2', {}, async (t) => {
  const { host } = new URL(t.url);
  const authorized = `Host: ${host}\r\nAuthorization: Bearer ${t.admin.credential}\r\n`;
  const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
  for (const [head, status] of [
    [authorized, '101'],
    [`Host: ${host}\r\n`, '401'],
  ] as const) {
    const socket = await openSocket(t.url);
    t.after(async () => socket.destroy());
    const body = JSON.stringify(envelope(1));
    let text = '';
    socket.on('data', (part: Buffer) => {
      text += part.toString('latin1');
    });
    socket.write(
      `POST /v1/topics/t/messages HTTP/1.1\r\n${authorized}Content-Length: ${body.length}\r\n\r\n${body}` +
        `GET /v1/messages?topics=${t.name('t')}&wait=1 HTTP/1.1\r\n${authorized}\r\nGET /v1/ws HTTP/1.1\r\n${head}${upgrade}`,
    );
    const statuses = (): string[] => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, found]) => found ?? '');
    await eventually('three answers', () => (statuses().length === 3 ? true : undefined), 10_000, 20);
    assert.deepEqual(statuses(), ['201', '200', status]);
  }
});

scenario('2.1 with a certificate and key the server speaks https, TLS 1.2 and 1.3, nothing older', { needs: 'own server' }, async (t) => {
  const { cert, key } = certificateFiles(t.directory());
  const server = await t.server({ flags: ['--tls-cert', cert, '--tls-key', key] });
  assert.match(server.url, /^https:/, 'the URL that is printed');
  succeeds(await server.admin.http('GET', '/v1'), 200);
  const port = Number(new URL(server.url).port);
  assert.equal(await handshake(port, 'TLSv1.2'), 'TLSv1.2');
  assert.equal(await handshake(port, 'TLSv1.3'), 'TLSv1.3');
  assert.equal(await handshake(port, 'TLSv1.1'), undefined, 'TLS 1.1 is refused');
});

scenario('2.1 nothing in clear is spoken on a port with TLS', { needs: 'own server' }, async (t) => {
  const { cert, key } = certificateFiles(t.directory());
  const server = await t.server({ flags: ['--tls-cert', cert, '--tls-key', key] });
  const socket = connectTcp({ host: '127.0.0.1', port: Number(new URL(server.url).port) });
  t.after(async () => socket.destroy());
  let text = '';
  await new Promise<void>((resolve) => {
    socket.setTimeout(5_000, resolve);
    socket.on('data', (part: Buffer) => {
      text += part.toString('latin1');
    });
    socket.on('error', () => {});
    socket.once('close', () => resolve());
    socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
  });
  assert.doesNotMatch(text, /HTTP\/1/);
  succeeds(await server.admin.http('GET', '/v1'), 200, 'and it still lives');
});

scenario('2.1 a certificate without its key, or one that cannot be read, never leads to a server in clear', { needs: 'own server' }, async (t) => {
  const { cert, key } = certificateFiles(t.directory());
  for (const flags of [
    ['--tls-cert', cert],
    ['--tls-key', key],
    ['--tls-cert', key, '--tls-key', cert],
    ['--tls-cert', `${cert}.missing`, '--tls-key', key],
  ]) {
    const { code, output } = await refusedStart(t.serve, { flags });
    assert.notEqual(code, 0, `the start is refused: ${output}`);
  }
});

scenario('2.2 the default bind serves IPv4 and IPv6', { needs: 'own server' }, async (t) => {
  const hasIpv6 = await new Promise<boolean>((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(0, '::1', () => probe.close(() => resolve(true)));
  });
  const server = await t.server();
  const { port } = new URL(server.url);
  succeeds(await caller(`http://127.0.0.1:${port}`, server.key).http('GET', '/v1'), 200, 'over IPv4');
  if (!hasIpv6) t.skip('this machine has no IPv6');
  succeeds(await caller(`http://[::1]:${port}`, server.key).http('GET', '/v1'), 200, 'over IPv6');
});

scenario('2.2 a given host binds to that alone', { needs: 'own server' }, async (t) => {
  const server = await t.server({ flags: ['--host', '127.0.0.1'] });
  const { port } = new URL(server.url);
  succeeds(await caller(`http://127.0.0.1:${port}`, server.key).http('GET', '/v1'), 200, 'over IPv4');
  await assert.rejects(openSocket(`http://[::1]:${port}`), 'over IPv6');
});
