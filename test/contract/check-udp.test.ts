import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { expect } from 'chai';
import { UdpCheck } from '../../lib/health/udp-check.ts';
import type { ConnectCheckOptions } from '../../lib/upstream/options/checks.ts';
import { checkOnce } from '../fixtures/check.ts';
import { freePort } from '../fixtures/free-ports.ts';
import { startProgram } from '../fixtures/program.ts';
import { describeCheck } from './check.ts';

const place = (port: number, host = '127.0.0.1') => ({ host, port, name: 'dns.test' });
const ANY: ConnectCheckOptions = { kind: 'udp', send: 'PING', expect: null };

/** What asks a DNS server for the address of ready.test, and what its answer begins with: the same number. */
const QUESTION = '\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x05ready\x04test\x00\x00\x01\x00\x01';
const DNS: ConnectCheckOptions = { kind: 'udp', send: QUESTION, expect: { text: '\x12\x34', isPattern: false } };

describeCheck('udp', {
  start: (port) => {
    const options = [
      'keep-in-foreground',
      'no-resolv',
      'no-hosts',
      'conf-file=/dev/null',
      'bind-interfaces',
      'user=root',
    ];
    const words = [
      ...options,
      `port=${port}`,
      'listen-address=127.0.0.1',
      'pid-file=',
      'host-record=ready.test,127.0.0.1',
    ];
    return startProgram(['dnsmasq', ...words.map((word) => `--${word}`)], port);
  },
  make: (port) => new UdpCheck(DNS, place(port)),
  passed: 'pass expected answer',
  refused: 'fail refused',
  noticesFrozen: true,
});

describe('check: what udp looks at', () => {
  const cases: readonly (readonly [
    what: string,
    expected: ConnectCheckOptions['expect'],
    answer: string,
    finding: string,
  ])[] = [
    ['any answer', null, '', 'pass expected answer'],
    ['what it begins with', { text: 'PONG\n', isPattern: false }, 'PONG\n\xff', 'pass expected answer'],
    ['another beginning', { text: 'PONG', isPattern: false }, 'PON', 'fail unexpected answer'],
    ['a pattern', { text: 'up|ready$', isPattern: true }, 'is ready', 'pass expected answer'],
    ['a pattern that is not there', { text: 'ready', isPattern: true }, 'no', 'fail unexpected answer'],
  ];
  for (const [host, type] of [
    ['127.0.0.1', 'udp4'],
    ['::1', 'udp6'],
  ] as const) {
    for (const [what, expected, answer, finding] of cases) {
      it(`finds ${what} (${host})`, async () => {
        const server = createSocket(type);
        const asked: string[] = [];
        server.on('message', (message, { port, address }: RemoteInfo) => {
          asked.push(message.latin1Slice());
          server.send(Buffer.from(answer, 'latin1'), port, address);
        });
        server.bind(0, host);
        await once(server, 'listening');
        const check = new UdpCheck({ ...ANY, send: 'P\xff', expect: expected }, place(server.address().port, host));
        expect(await checkOnce(check)).to.equal(finding);
        expect(asked).to.deep.equal(['P\xff']);
        server.close();
        await once(server, 'close');
      });
    }
  }

  it('does not take a datagram of somebody else for the answer', async () => {
    const server = createSocket('udp4').bind(0, '127.0.0.1');
    const liar = createSocket('udp4').bind(0, '127.0.0.1');
    await Promise.all([once(server, 'listening'), once(liar, 'listening')]);
    const asked = once(server, 'message');
    const check = new UdpCheck({ ...ANY, expect: { text: 'PONG', isPattern: false } }, place(server.address().port));
    const finding = checkOnce(check);
    const [, { port, address }] = (await asked) as [Buffer, RemoteInfo]; // the event's arguments
    // Sent first, so it is there first.
    await new Promise((resolve) => liar.send('LIE', port, address, resolve));
    server.send('PONG', port, address);
    expect(await finding).to.equal('pass expected answer');
    server.close();
    liar.close();
  });

  it('fails where a machine says that nobody listens', async () => {
    expect(await checkOnce(new UdpCheck(ANY, place(freePort())))).to.equal('fail refused');
  });
});
