import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { makeCertificates, type Certificates } from '../fixtures/certificates.ts';
import { freePort } from '../fixtures/free-ports.ts';
import { Rig } from '../fixtures/rig.ts';
import { startLoad } from '../fixtures/steady-load.ts';
import { until } from '../fixtures/until.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n';

/** A program that serves a port of loopback by a file of configuration. */
interface Program {
  readonly port: number;
  stop(): Promise<void>;
}

async function startProgram(
  command: readonly string[],
  config: (port: number, folder: string) => string,
): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), 'elb-real-'));
  const port = freePort();
  writeFileSync(join(folder, 'config'), config(port, folder));
  const [program = '', ...args] = command;
  const child = spawn(program, [...args, join(folder, 'config')], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  await until(`${program} takes connections`, async () => {
    const socket = connect(port, '127.0.0.1');
    const isTaken = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    return isTaken;
  });
  return {
    port,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true });
    },
  };
}

const nginx = (http: (port: number) => string): Promise<Program> =>
  startProgram(
    ['nginx', '-e', 'stderr', '-c'],
    (port, folder) => `daemon off; pid ${folder}/pid; error_log ${folder}/errors; worker_processes 1; events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  ${http(port)}
}`,
  );

const haproxy = (frontend: (port: number) => string): Promise<Program> =>
  startProgram(
    ['haproxy', '-f'],
    (port) => `defaults
  mode http
  timeout client 60s
  timeout http-keep-alive 60s
frontend f
  ${frontend(port)}
`,
  );

describe('real servers', () => {
  const rig = new Rig();
  const programs: Program[] = [];
  let certificates: Certificates;
  before(async () => {
    certificates = await makeCertificates();
  });
  after(() => certificates.remove());
  afterEach(async () => {
    await rig.stop();
    await Promise.all(programs.splice(0).map((program) => program.stop()));
  });

  async function start(program: Promise<Program>): Promise<number> {
    const started = await program;
    programs.push(started);
    return started.port;
  }

  for (const version of ['v1', 'v2'] as const) {
    it(`tell nginx, over TLS with a client certificate, and HAProxy who the client is, by ${version}`, async () => {
      const { ca, cert, key } = certificates;
      const one = await start(
        nginx(
          (port) => `server {
    listen 127.0.0.1:${port} ssl proxy_protocol;
    ssl_certificate ${cert}; ssl_certificate_key ${key}; ssl_client_certificate ${ca}; ssl_verify_client on;
    location / { return 200 "$proxy_protocol_addr:$proxy_protocol_port $ssl_client_verify end"; }
  }`,
        ),
      );
      const two = await start(
        haproxy(
          (port) => `bind 127.0.0.1:${port} accept-proxy
  http-request return status 200 content-type text/plain lf-string "%[src]:%[src_port] end"`,
        ),
      );
      const connections = { proxy_protocol: version };
      const plane = await rig.plane({
        domains: { 'a.test': 'one', 'b.test': 'two' },
        upstreams: { one: [one], two: [two] },
        options: {
          one: { connections, tls: { enabled: true, ca, certificate: cert, key } },
          two: { connections },
        },
      });
      const clients = await Promise.all([0, 1, 2].map(() => rig.client(plane.port)));
      for (let round = 0; round < 5; round++)
        for (const client of clients)
          for (const [host, said] of [
            ['a.test', ' SUCCESS end'],
            ['b.test', ' end'],
          ] as const) {
            client.received = Buffer.alloc(0);
            client.write(GET.replace('a.test', host));
            expect(await client.until(/ end$/)).to.include(`\r\n127.0.0.1:${client.socket.localPort}${said}`);
          }
    });
  }

  it('close their connections after few requests and little time, and no client notices', async () => {
    const servers = await Promise.all([
      start(
        nginx(
          (port) =>
            `keepalive_requests 3; keepalive_timeout 5ms; server { listen 127.0.0.1:${port}; location / { return 200 ok; } }`,
        ),
      ),
      start(
        haproxy(
          (port) => `bind 127.0.0.1:${port}
  timeout http-keep-alive 5ms
  http-request return status 200 content-type text/plain string ok`,
        ),
      ),
    ]);
    const plane = await rig.proxying(servers);
    const load = startLoad(plane.port, { host: 'a.test' });
    await until('enough was asked', () => load.answered > 3000);
    await load.stop();
    expect(load.failures).to.deep.equal([]);
  });

  it('may change how they are spoken to while requests flow', async () => {
    const { ca, cert, key } = certificates;
    const plain = await start(nginx((port) => `server { listen 127.0.0.1:${port}; location / { return 200 plain; } }`));
    const secure = await start(
      nginx(
        (port) =>
          `server { listen 127.0.0.1:${port} ssl; ssl_certificate ${cert}; ssl_certificate_key ${key}; location / { return 200 secure; } }`,
      ),
    );
    const put = (isSecure: boolean): Parameters<typeof rig.plane>[0] => ({
      domains: { 'a.test': 'up' },
      upstreams: { up: [isSecure ? secure : plain] },
      options: { up: { tls: { enabled: isSecure, ca }, retry: { tries: isSecure ? 2 : 3 } } },
    });
    const plane = await rig.plane(put(false));
    const load = startLoad(plane.port, { host: 'a.test' });
    for (let i = 1; i <= 6; i++) {
      const before = load.answered;
      await until('more was asked', () => load.answered > before + 100);
      plane.put(put(i % 2 === 1) ?? {});
    }
    await load.stop();
    expect(load.failures).to.deep.equal([]);
    expect([...load.bodies]).to.have.members(['plain', 'secure']);
  });
});
