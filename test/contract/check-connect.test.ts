import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { expect } from 'chai';
import { ConnectCheck } from '../../lib/health/connect-check.ts';
import type { CheckOwner } from '../../lib/health/check.ts';
import type { ConnectCheckOptions } from '../../lib/upstream/options/checks.ts';
import { makeCertificates, type Certificates } from '../fixtures/certificates.ts';
import { checkOnce } from '../fixtures/check.ts';
import { freePort } from '../fixtures/free-ports.ts';
import { startRawServer } from '../fixtures/plane.ts';
import { startProgram } from '../fixtures/program.ts';
import { until } from '../fixtures/until.ts';
import { describeCheck } from './check.ts';

const TCP: ConnectCheckOptions = { kind: 'tcp', send: '', expect: null };
const TLS: ConnectCheckOptions = { kind: 'tls', send: '', expect: null };
const PING: ConnectCheckOptions = { kind: 'tcp', send: 'PING\r\n', expect: { text: '+PONG\r\n', isPattern: false } };

let certificates: Certificates;
before(async () => {
  certificates = await makeCertificates();
});
after(() => certificates.remove());

const place = (port: number) => ({ host: '127.0.0.1', port, name: 'db.test' });
const redis = (port: number) =>
  startProgram(
    ['redis-server', '--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    port,
  );
const trusted = () => ({ ca: readFileSync(certificates.ca), servername: '' });

describeCheck('tcp', {
  start: redis,
  make: (port) => new ConnectCheck(TCP, place(port), null),
  passed: 'pass connected',
  refused: 'fail refused',
  // The kernel accepts for it.
  noticesFrozen: false,
});

describeCheck('tcp with question and answer', {
  start: redis,
  make: (port) => new ConnectCheck(PING, place(port), null),
  passed: 'pass expected answer',
  refused: 'fail refused',
  noticesFrozen: true,
});

describeCheck('tls', {
  start: (port) => {
    const { cert, key } = certificates;
    return startProgram(
      ['openssl', 's_server', '-accept', `127.0.0.1:${port}`, '-cert', cert, '-key', key, '-quiet'],
      port,
    );
  },
  make: (port) => new ConnectCheck(TLS, place(port), trusted()),
  passed: 'pass connected',
  refused: 'fail refused',
  noticesFrozen: true,
});

describe('check: what tcp and tls look at', () => {
  const greeting = { ...TCP, expect: { text: '220 ', isPattern: false } };

  const cases: readonly (readonly [
    what: string,
    options: ConnectCheckOptions,
    pieces: readonly string[],
    finding: string,
  ])[] = [
    ['a greeting', greeting, ['220 mail.test ESMTP\r\n'], 'pass expected answer'],
    ['a greeting in pieces', greeting, ['2', '2', '0', ' '], 'pass expected answer'],
    ['another greeting', greeting, ['421 '], 'fail unexpected answer'],
    ['another greeting by its first byte', greeting, ['4'], 'fail unexpected answer'],
    ['an end before the greeting', greeting, [], 'fail closed'],
    ['an end within it', greeting, ['22'], 'fail unexpected answer'],
    ['a pattern', { ...TCP, expect: { text: 'ready|up', isPattern: true } }, ['it is', ' up'], 'pass expected answer'],
    [
      'a pattern that is not there',
      { ...TCP, expect: { text: 'ready', isPattern: true } },
      ['no'],
      'fail unexpected answer',
    ],
  ];
  for (const [what, options, pieces, finding] of cases) {
    it(`finds ${what}`, async () => {
      const server = await startRawServer((connection) => {
        const next = (i: number): void => {
          const piece = pieces[i];
          if (piece === undefined) connection.socket.end();
          else connection.socket.write(piece, () => setImmediate(next, i + 1));
        };
        next(0);
      });
      expect(await checkOnce(new ConnectCheck(options, place(server.port), null))).to.equal(finding);
      await server.stop();
    });
  }

  it('ends a connection on which nothing was said with a RST, which leaves no port waiting', async () => {
    const server = await startRawServer(() => undefined);
    expect(await checkOnce(new ConnectCheck(TCP, place(server.port), null))).to.equal('pass connected');
    await until('it is there', () => server.connections.length === 1);
    await server.connections[0]!.untilClosed();
    expect(server.connections[0]!.error).to.include({ code: 'ECONNRESET' });
    await server.stop();
  });

  it('fails a certificate that is not trusted', async () => {
    const { cert, key } = certificates;
    const port = freePort();
    const server = await startProgram(
      ['openssl', 's_server', '-accept', `127.0.0.1:${port}`, '-cert', cert, '-key', key, '-quiet'],
      port,
    );
    expect(await checkOnce(new ConnectCheck(TLS, place(port), {}))).to.match(/^fail TLS: /);
    expect(await checkOnce(new ConnectCheck(TLS, place(port), { ...trusted(), servername: 'db.test' }))).to.equal(
      'fail TLS: ERR_TLS_CERT_ALTNAME_INVALID',
    );
    await server.stop();
  });

  it('has no finding where connections are neither accepted nor refused', async () => {
    // A queue of one that nobody takes anything from: the kernel leaves further connections unanswered.
    const script =
      'import socket,sys\ns=socket.socket();s.bind(("127.0.0.1",0));s.listen(0);print(s.getsockname()[1],flush=True);sys.stdin.read()';
    const hole = spawn('python3', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [line] = (await once(hole.stdout, 'data')) as [Buffer]; // one line of text
    const port = Number(line.toString());
    const first = connect(port, '127.0.0.1');
    await once(first, 'connect');
    const check = new ConnectCheck(TCP, place(port), null);
    const findings: string[] = [];
    const owner: CheckOwner = { onChecked: (_verdict, reason) => findings.push(reason) };
    check.begin(owner);
    // Another one is answered meanwhile.
    const server = await startRawServer(() => undefined);
    expect(await checkOnce(new ConnectCheck(TCP, place(server.port), null))).to.equal('pass connected');
    expect(findings).to.deep.equal([]);
    check.abandon();
    first.destroy();
    await server.stop();
    hole.kill();
    await once(hole, 'exit');
    expect(findings).to.deep.equal([]);
  });
});
