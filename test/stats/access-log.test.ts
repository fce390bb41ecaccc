import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { pino } from 'pino';
import { Fault } from '../../lib/core/faults.ts';
import { AccessLog } from '../../lib/stats/access-log.ts';
import { logFormat } from '../../lib/stats/log-format.ts';
import { RequestRecord } from '../../lib/stats/request-record.ts';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { until } from '../fixtures/until.ts';

describe('access log', () => {
  let directory: string;

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'elb-access-'));
  });

  after(() => rmSync(directory, { recursive: true, force: true }));

  it('logs a share of the requests and every one that ended badly', async () => {
    const path = join(directory, 'sample.log');
    let next = 0;
    const random = (): number => (next++ % 10) / 10;
    const log = new AccessLog({ path, format: logFormat('$status $ending'), sample: 0.3, log: silent, random });
    for (let i = 0; i < 100; i++) log.write(ended(200, 0));
    for (let i = 0; i < 10; i++) log.write(ended(404, 0));
    for (let i = 0; i < 10; i++) log.write(ended(200, Fault.REPLY_CUT));
    await log.close();
    const lines = readFileSync(path, 'utf8').split('\n');
    expect(lines.filter((line) => line === '200 ok')).to.have.length(30);
    expect(lines.filter((line) => line === '404 ok')).to.have.length(10);
    expect(lines.filter((line) => line === '200 reply_cut')).to.have.length(10);
  });

  it('drops and counts what a file that does not keep up has no room for', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) });
    const full = new AccessLog({ path: '/dev/full', format: logFormat('$status'.repeat(1000)), sample: 1, log });
    for (let i = 0; i < 10_000; i++) full.write(ended(200, 0));
    expect(full.takeDropped()).to.be.above(0);
    expect(full.takeDropped()).to.equal(0);
    await until('the error is told', () => lines.length > 0);
    await full.close();
    expect(lines.join('')).to.include('cannot write the access log').and.to.include('ENOSPC');
  });

  describe('of the program', () => {
    let elb: Elb;
    let path: string;
    const seen: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers['x-request-id']?.toString());
      response.end('hello');
    });

    before(async () => {
      path = join(directory, 'elb.log');
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo; // it listens on TCP
      elb = await startElb({
        args: ['--access-log', path, '--request-id', 'on', '--trusted-proxies', '127.0.0.1'],
        env: { ELB_WORKERS: '2' },
        file: {
          domains: {
            'a.test': {
              init: 'r1',
              rules: {
                r1: { type: 'path', args: { pattern: '/x', succ: 'r2' } },
                r2: { type: 'backend', args: { servername: 'up' } },
              },
            },
          },
          upstreams: { up: { [`127.0.0.1:${port}`]: '' } },
        },
      });
    });

    after(async () => {
      await elb.stop();
      server.close().closeAllConnections();
    });

    it('says of a request what was decided and done', async () => {
      await elb.get('/x?a=b', { host: 'A.test:80', 'x-forwarded-for': '192.0.2.1', 'user-agent': 'me' });
      const { port } = server.address() as AddressInfo;
      const line = await logged((one) => one['request_uri'] === '/x?a=b');
      expect(line).to.deep.include({
        host: 'a.test',
        remote_addr: '192.0.2.1',
        peer: '127.0.0.1',
        request: 'GET /x?a=b HTTP/1.1',
        status: 200,
        ending: 'ok',
        domain: 'a.test',
        nodes: 'r1>r2',
        upstream: 'up',
        upstream_addr: `127.0.0.1:${port}`,
        upstream_status: '200',
        body_bytes_sent: 5,
        http_user_agent: 'me',
      });
      expect(line['request_id'])
        .to.match(/^[0-9a-f]{32}$/)
        .and.to.equal(seen[0]);
    });

    it('passes the identity on that a trusted proxy gave', async () => {
      await elb.get('/x/id', { host: 'a.test', 'x-request-id': 'abc-123' });
      expect(await logged((one) => one['request_uri'] === '/x/id')).to.include({ request_id: 'abc-123' });
      await elb.get('/x/id2', { host: 'a.test', 'x-request-id': 'not an id' });
      expect((await logged((one) => one['request_uri'] === '/x/id2'))['request_id']).to.match(/^[0-9a-f]{32}$/);
      expect(seen.slice(1)[0]).to.equal('abc-123');
    });

    it('says why a request was refused', async () => {
      await elb.get('/y', { host: 'a.test' });
      expect(await logged((one) => one['request_uri'] === '/y')).to.include({ status: 403, ending: 'forbidden' });
      await elb.get('/', { host: 'nobody.test' });
      expect(await logged((one) => one['host'] === 'nobody.test')).to.include({ status: 404, ending: 'no_domain' });
      const socket = net.connect(elb.port, '127.0.0.1').end('rubbish\r\n\r\n');
      socket.resume();
      await once(socket, 'close');
      expect(await logged((one) => one['status'] === 400)).to.include({ ending: 'bad_method', request: '' });
    });

    it('goes on in a new file after SIGHUP', async () => {
      renameSync(path, `${path}.1`);
      elb.kill('SIGHUP');
      await until('there is a new file', () => readOr(path) !== null);
      await elb.get('/x/new', { host: 'a.test' });
      await until('it has the line', () => (readOr(path) ?? '').includes('/x/new'));
    });

    async function logged(fits: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
      let found: Record<string, unknown> | undefined;
      await until('the line is there', () => {
        const lines = (readOr(path) ?? '').split('\n').filter((line) => line !== '');
        // Each line is one object.
        found = lines.map((line) => JSON.parse(line) as Record<string, unknown>).find(fits);
        return found !== undefined;
      });
      return found ?? {};
    }
  });

  it('refuses a format that says nothing, before anything starts', async () => {
    const failed: unknown = await startElb({ args: ['--access-log', 'stdout', '--access-log-format', '$no'] }).catch(
      (error: unknown) => error,
    );
    expect(failed)
      .to.be.instanceOf(Error)
      .with.property('message')
      .that.includes('--access-log-format (ELB_ACCESS_LOG_FORMAT) names a field that there is not: $no');
  });
});

const silent = pino({ level: 'silent' });

function ended(status: number, fault: number): RequestRecord {
  return Object.assign(new RequestRecord(), { status, fault });
}

function readOr(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
