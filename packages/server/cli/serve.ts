// `godwit serve`: starts a server and says where it is and what to try (12.4); ends it in order when asked to (12.2).
import { type Logger, pino } from 'pino';
import type { Application } from '../application.ts';
import { PortError, startServer } from '../compose.ts';
import { ConfigError, loadConfig, type ServeConfig, settingsHelp, WordError } from '../config.ts';
import { loggable } from '../observe.ts';
import { StorageError } from '../ports/storage.ts';
import { readTls } from '../tls.ts';
import { EXIT } from './frame/exit.ts';
import { boundHeap } from './heap.ts';

const HELP = `Usage: godwit serve [flags]

Starts a server on http://localhost:7117 with its store in ./godwit-data. No flag is needed.

  godwit serve --port 8080 --data /var/lib/godwit
  GODWIT_ADMIN_KEY=a-long-secret-of-yours godwit serve --operations-per-minute 60000
  godwit serve --tls-cert cert.pem --tls-key key.pem

Each setting also comes from the environment (GODWIT_HEARTBEAT_INTERVAL=10s) or from godwit.config.json, .js or .ts;
flags win over the environment, the environment over the file.

`;

const refuse = (message: string, exit: number): void => {
  process.stderr.write(`godwit: ${message}\n`);
  process.exitCode = exit;
};

const banner = (config: ServeConfig, port: number, newAdminKey: string | undefined): string => {
  const url = `${config.tlsCert === undefined ? 'http' : 'https'}://localhost:${port}`;
  const key = newAdminKey ?? (config.adminKey === undefined ? '<your admin key>' : '$GODWIT_ADMIN_KEY');
  const lines = [`Godwit is ready: ${url}`, ''];
  if (config.console) lines.push(`Console: ${url}/console   Reference: ${url}/docs`, '');
  if (newAdminKey !== undefined) lines.push(`Admin key, shown this once: ${newAdminKey}`, '');
  lines.push(
    'Publish a message:',
    `  curl ${url}/v1/topics/hello/messages -H "Authorization: Bearer ${key}" -H "Content-Type: application/json" -d '{"requestId":"hello-1","data":"world"}'`,
    'Read it back:',
    `  curl "${url}/v1/messages?topics=**&after=earliest" -H "Authorization: Bearer ${key}"`,
    '',
  );
  return `${lines.join('\n')}\n`;
};

/** Runs until SIGINT or SIGTERM; sets the exit code. */
export const serve = async (argv: readonly string[]): Promise<void> => {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(HELP + settingsHelp());
    return;
  }
  boundHeap();
  let logger: Logger | undefined;
  try {
    const config = await loadConfig({ argv, env: process.env, cwd: process.cwd() });
    const { tlsCert, tlsKey } = config;
    // Lines go to standard error, so that what a person pastes from standard output is whole.
    logger = pino({ level: config.logLevel, name: 'godwit' }, pino.destination({ dest: 2, sync: false }));
    const server = await startServer({
      settings: config.settings,
      data: config.data,
      port: config.port,
      host: config.host,
      tls: tlsCert === undefined || tlsKey === undefined ? undefined : readTls({ cert: tlsCert, key: tlsKey }, { cert: 'tlsCert', key: 'tlsKey' }),
      adminKey: config.adminKey,
      console: config.console,
      application: config.application as Application,
      logger,
    });
    let stopping = false;
    const stop = (): void => {
      // A second signal means now.
      if (stopping) process.exit(130);
      stopping = true;
      server.close().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
    process.stdout.write(banner(config, server.port, server.newAdminKey));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // Those say all in their sentence; of another it may matter where it comes from.
    if (!(error instanceof ConfigError || error instanceof StorageError || error instanceof PortError))
      logger?.error(loggable(error), 'the server did not start');
    refuse(error.message, error instanceof WordError ? EXIT.usage : EXIT.failed);
  }
};
