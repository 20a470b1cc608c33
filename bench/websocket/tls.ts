// Fan-out over TLS, against Socket.IO without it. The certificate is made for the run and signed by itself.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { alternate } from '../sockets/loader.ts';
import { alone, HEAD, LOAD_CORE, PLACED, rounds, rows, seconds, section } from '../sockets/settings.ts';
import { godwit, socketIo, withSides } from '../sockets/sides.ts';
import { subscribe } from './fan-out.ts';

const TOPIC = 'news.of.today';

export const tls = async (): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'godwit-bench-tls-'));
  const key = join(folder, 'key.pem');
  const certificate = join(folder, 'certificate.pem');
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
  try {
    execFileSync('openssl', ['req', '-x509', ...kind, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
    const secure = () => godwit(LOAD_CORE, { name: 'Godwit, TLS', tls: true, flags: ['--tls-cert', certificate, '--tls-key', key] });
    await withSides(alone ? [secure] : [secure, () => socketIo(LOAD_CORE), () => godwit(LOAD_CORE)], async (sides) => {
      await subscribe(sides, 1000, [TOPIC]);
      const measured = await alternate(sides, ({ target }) => ({ do: 'fan-out', target, topics: [TOPIC], inFlight: 16, seconds }), rounds);
      section(
        'TLS fan-out to 1,000, 16 in flight, Socket.IO without TLS',
        `TLS 1.3. k deliveries per CPU-second of the server: median [least-most] of ${rounds} alternating rounds of ${seconds} s; ${PLACED}.`,
        HEAD,
        rows(sides, measured, 'at least 5'),
      );
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
