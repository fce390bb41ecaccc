import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/**
 * `npm start`: ELB with a sample graph in front of two sample servers, and what to try with it. Options behind `npm start --`
 * go to ELB, which listens on 127.0.0.1:8080 unless told otherwise.
 */
const servers = { blog: await startServer('blog', 8081), web: await startServer('web', 8082) };
const directory = mkdtempSync(join(tmpdir(), 'elb-try-'));
const file = join(directory, 'elb.yaml');
writeFileSync(file, sample());

const program = fileURLToPath(new URL('./elb.ts', import.meta.url));
const elb = spawn(process.execPath, [program, '--file', file, ...process.argv.slice(2)], {
  env: { ELB_LISTEN: '127.0.0.1:8080', ELB_STATE: directory, ...process.env, ELB_LOG: 'info' },
  stdio: ['ignore', 'inherit', 'pipe'],
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void elb.kill('SIGTERM'));
elb.on('exit', (code) => {
  rmSync(directory, { recursive: true, force: true });
  process.exit(code ?? 1);
});
createInterface({ input: elb.stderr }).on('line', onLine);

/** Tells what to try once ELB serves its configuration; shows whatever else it says that is not routine. */
let address = '';
let isLoaded = false;
let isTold = false;

function onLine(line: string): void {
  const entry = parseLogLine(line);
  if (entry === null || (entry.level !== 'info' && entry.level !== 'debug')) {
    process.stderr.write(`${line}\n`);
    if (line.includes('the address is in use'))
      process.stderr.write('Another port: ELB_LISTEN=127.0.0.1:9090 npm start\n');
    return;
  }
  if (entry.msg === 'listening') address ||= entry.address ?? '';
  if (entry.msg === 'configuration loaded') isLoaded = true;
  if (isTold || !isLoaded || address === '') return;
  isTold = true;
  process.stdout.write(whatToTry(address.replace('0.0.0.0', '127.0.0.1').replace('[::]', '[::1]')));
}

interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly address?: string;
}

function parseLogLine(line: string): LogLine | null {
  try {
    // Every line of the log is such an object.
    return JSON.parse(line) as LogLine;
  } catch {
    return null;
  }
}

function whatToTry(listening: string): string {
  const url = `http://${listening}`;
  return `
ELB listens on ${url}, with this configuration: ${file}
Two servers behind it: blog on 127.0.0.1:${String(servers.blog)}, web on 127.0.0.1:${String(servers.web)}

The graph sends httpie's requests for /blog to the server "blog", everything else to "web". Try it:

  curl -A httpie ${url}/blog/x
      blog: GET /blog/x

  curl -A httpie ${url}/shop
      web: GET /shop

  curl ${url}/blog/x
      web: GET /blog/x

In a browser ${url}/__erulb__/ui shows the graph and what goes through it.
With ?fields the servers also say which fields they were sent. ${url}/__erulb__/domain shows the graph;
change the file above, and the next request goes by the change. Ctrl-C ends everything.
`;
}

/** The sample, with the ports the servers really have. */
function sample(): string {
  return readFileSync(new URL('./sample.yaml', import.meta.url), 'utf8')
    .replace('127.0.0.1:8081', `127.0.0.1:${String(servers.blog)}`)
    .replace('127.0.0.1:8082', `127.0.0.1:${String(servers.web)}`);
}

/** A server that says who it is and what it was asked. Takes any port where its usual one is in use. Returns the port. */
function startServer(name: string, usualPort: number): Promise<number> {
  const server = createServer((request, response) => {
    const [path = '', query] = (request.url ?? '').split('?');
    const fields =
      query === 'fields' ? Object.entries(request.headers).map(([field, value]) => `  ${field}: ${String(value)}`) : [];
    response.setHeader('Content-Type', 'text/plain; charset=utf-8');
    response.end(`${[`${name}: ${request.method ?? ''} ${path}`, ...fields].join('\n')}\n`);
  });
  return new Promise((resolve, reject) => {
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' && usualPort !== 0) resolve(startServer(name, 0));
      else reject(error);
    });
    server.listen(usualPort, '127.0.0.1', () => {
      // A TCP server has an address with a port.
      resolve((server.address() as AddressInfo).port);
    });
  });
}
