import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { KeptLines } from '../../lib/health/check.ts';
import { Glances } from '../../lib/health/glances.ts';
import { HttpCheck } from '../../lib/health/http-check.ts';
import type { HttpCheckOptions } from '../../lib/upstream/options/checks.ts';
import { makeCertificates, type Certificates } from '../fixtures/certificates.ts';
import { checkOnce } from '../fixtures/check.ts';
import { freePort } from '../fixtures/free-ports.ts';
import { answering, startRawServer, type RawServer } from '../fixtures/plane.ts';
import { startProgram, type Program } from '../fixtures/program.ts';
import { describeCheck } from './check.ts';

const OPTIONS: HttpCheckOptions = {
  kind: 'http',
  secure: null,
  method: 'GET',
  path: '/',
  host: null,
  fields: [],
  statuses: [{ from: 200, to: 399 }],
  body: null,
  reuse: true,
};

const MEANS = { greeting: '', kept: new KeptLines(100), glances: new Glances() };
const folder = mkdtempSync(join(tmpdir(), 'elb-check-'));
let certificates: Certificates;

/** As the checker does. */
const ticks = setInterval(() => MEANS.glances.tick(), 20);

before(async () => {
  certificates = await makeCertificates();
  const pem = readFileSync(certificates.cert, 'utf8') + readFileSync(certificates.key, 'utf8');
  writeFileSync(join(folder, 'server.pem'), pem);
});
after(async () => {
  clearInterval(ticks);
  await certificates.remove();
  rmSync(folder, { recursive: true });
});

/** HAProxy that answers by itself what it is asked for. */
function haproxy(bind = ''): (port: number) => Promise<Program> {
  return (port) => {
    const file = join(folder, `${port}.cfg`);
    const config = `defaults
  mode http
  timeout client 60s
  timeout http-keep-alive 60s
frontend checked
  bind 127.0.0.1:${port} ${bind}
  http-request return status 503 if { path /sick }
  http-request return status 204 if { path /empty }
  http-request return status 200 content-type text/plain string "%[req.hdr(host)] %[method] %[req.hdr(x-check)]" if { path /echo }
  http-request return status 200 content-type text/plain string "all is well"
`;
    writeFileSync(file, config.replaceAll('string "%[', 'lf-string "%['));
    return startProgram(['haproxy', '-db', '-f', file], port);
  };
}

const place = (port: number) => ({ host: '127.0.0.1', port, name: 'web.test' });

describeCheck('http', {
  start: haproxy(),
  make: (port) => new HttpCheck(OPTIONS, place(port), null, MEANS),
  passed: 'pass status 200',
  refused: 'fail refused',
  noticesFrozen: true,
});

describeCheck('http on a connection of its own each time', {
  start: haproxy(),
  make: (port) => new HttpCheck({ ...OPTIONS, reuse: false }, place(port), null, MEANS),
  passed: 'pass status 200',
  refused: 'fail refused',
  noticesFrozen: true,
});

describeCheck('https', {
  start: (port) => haproxy(`ssl crt ${join(folder, 'server.pem')}`)(port),
  make: (port) => new HttpCheck(OPTIONS, place(port), { ca: readFileSync(certificates.ca), servername: '' }, MEANS),
  passed: 'pass status 200',
  refused: 'fail refused',
  noticesFrozen: true,
});

describe('check: what http looks at', () => {
  let server: Program;
  let secure: Program;
  before(async () => {
    server = await haproxy()(freePort());
    secure = await haproxy(`ssl crt ${join(folder, 'server.pem')}`)(freePort());
  });
  after(() => Promise.all([server.stop(), secure.stop()]));

  const cases: readonly (readonly [what: string, options: Partial<HttpCheckOptions>, finding: string])[] = [
    ['a status that is not wanted', { path: '/sick' }, 'fail status 503'],
    ['a status that is wanted', { path: '/sick', statuses: [{ from: 503, to: 503 }] }, 'pass status 503'],
    [
      'one of several ranges',
      {
        path: '/empty',
        statuses: [
          { from: 200, to: 200 },
          { from: 204, to: 204 },
        ],
      },
      'pass status 204',
    ],
    ['a text in the body', { body: { text: 'is well', isPattern: false } }, 'pass status 200'],
    ['a text that is not in the body', { body: { text: 'is sick', isPattern: false } }, 'fail unexpected body'],
    ['a pattern in the body', { body: { text: '^all .* well$', isPattern: true } }, 'pass status 200'],
    ['a pattern that is not in the body', { body: { text: '^well', isPattern: true } }, 'fail unexpected body'],
    ['no body where one is wanted', { path: '/empty', body: { text: 'x', isPattern: false } }, 'fail unexpected body'],
    ['HEAD, whose reply has no body', { method: 'HEAD' }, 'pass status 200'],
    [
      'the host and the fields it is told to send',
      {
        path: '/echo',
        host: 'other.test',
        fields: [['X-Check', 'deep']],
        body: { text: 'other.test GET deep', isPattern: false },
      },
      'pass status 200',
    ],
    [
      "a method, and the server's name as host",
      { path: '/echo', method: 'OPTIONS', body: { text: '^web\\.test:\\d+ OPTIONS', isPattern: true } },
      'pass status 200',
    ],
    [
      'a field of ours that is said otherwise',
      { path: '/echo', fields: [['host', 'mine.test']], body: { text: 'mine.test GET', isPattern: false } },
      'pass status 200',
    ],
  ];
  for (const [what, options, finding] of cases) {
    it(`finds ${what}`, async () => {
      const check = new HttpCheck({ ...OPTIONS, ...options }, place(server.port), null, MEANS);
      expect(await checkOnce(check)).to.equal(finding);
      // The same on a kept connection.
      expect(await checkOnce(check)).to.equal(finding);
      check.close();
    });
  }

  it('does not trust a certificate of nobody it knows, nor one for another name', async () => {
    const unknown = new HttpCheck(OPTIONS, place(secure.port), { servername: '' }, MEANS);
    expect(await checkOnce(unknown)).to.match(/^fail TLS: (UNABLE_TO|SELF_SIGNED)/);
    const wrong = { ca: readFileSync(certificates.ca), servername: 'web.test' };
    expect(await checkOnce(new HttpCheck(OPTIONS, place(secure.port), wrong, MEANS))).to.equal(
      'fail TLS: ERR_TLS_CERT_ALTNAME_INVALID',
    );
  });

  it('fails TLS to a plain port and plain to a TLS port', async () => {
    expect(await checkOnce(new HttpCheck(OPTIONS, place(server.port), {}, MEANS))).to.match(/^fail TLS: /);
    expect(await checkOnce(new HttpCheck(OPTIONS, place(secure.port), null, MEANS))).to.match(/^fail /);
  });
});

describe('check: http and replies in pieces', () => {
  let server: RawServer;
  afterEach(() => server.stop());

  const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
  const wanted = { ...OPTIONS, body: { text: 'hello', isPattern: false } };

  it('reads a reply that comes byte by byte', async () => {
    server = await startRawServer((connection) => {
      let left = [...OK];
      const next = (): void => {
        const [byte = '', ...rest] = left;
        left = rest;
        connection.socket.write(byte, () => left.length > 0 && setImmediate(next));
      };
      connection.socket.once('data', next);
    });
    expect(await checkOnce(new HttpCheck(wanted, place(server.port), null, MEANS))).to.equal('pass status 200');
  });

  it('passes over interim replies, and reads chunked ones', async () => {
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n';
    server = await startRawServer(answering(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${chunked}`));
    const check = new HttpCheck(wanted, place(server.port), null, MEANS);
    expect(await checkOnce(check)).to.equal('pass status 200');
    expect(await checkOnce(check)).to.equal('pass status 200');
    expect(server.connections).to.have.length(1);
    check.close();
  });

  it('reads a body that ends with its connection', async () => {
    server = await startRawServer((connection) => {
      connection.socket.once('data', () => connection.socket.end('HTTP/1.0 200 OK\r\n\r\nhello'));
    });
    const check = new HttpCheck(wanted, place(server.port), null, MEANS);
    expect(await checkOnce(check)).to.equal('pass status 200');
    expect(await checkOnce(check)).to.equal('pass status 200');
    expect(server.connections).to.have.length(2);
  });

  it('keeps no more connections than it may', async () => {
    server = await startRawServer(answering(OK));
    const means = { ...MEANS, kept: new KeptLines(1) };
    const [one, other] = [1, 2].map(() => new HttpCheck(wanted, place(server.port), null, means));
    for (let i = 0; i < 3; i++) {
      expect(await checkOnce(one!)).to.equal('pass status 200');
      expect(await checkOnce(other!)).to.equal('pass status 200');
    }
    expect(server.connections).to.have.length(4);
    one!.close();
    for (let i = 0; i < 3; i++) expect(await checkOnce(other!)).to.equal('pass status 200');
    expect(server.connections).to.have.length(5);
    other!.close();
  });

  it('begins again where a kept connection turns out to be closed', async () => {
    server = await startRawServer((connection) => {
      connection.socket.once('data', () => {
        connection.write(OK);
        connection.socket.once('data', () => connection.destroy());
      });
    });
    const check = new HttpCheck(wanted, place(server.port), null, MEANS);
    for (let i = 0; i < 4; i++) expect(await checkOnce(check)).to.equal('pass status 200');
    expect(server.connections).to.have.length(4);
    check.close();
  });

  it('does not take what came unasked for an answer', async () => {
    const told = Promise.withResolvers<void>();
    server = await startRawServer((connection, index) => {
      connection.socket.once('data', () => {
        connection.write(index === 0 ? OK + OK : OK);
        told.resolve();
      });
    });
    const check = new HttpCheck(wanted, place(server.port), null, MEANS);
    expect(await checkOnce(check)).to.equal('pass status 200');
    expect(await checkOnce(check)).to.equal('pass status 200');
    expect(server.connections).to.have.length(2);
    check.close();
  });

  const broken: readonly (readonly [what: string, reply: string, finding: string])[] = [
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', 'fail malformed reply'],
    ['a head that is cut', 'HTTP/1.1 200 OK\r\nContent-', 'fail closed'],
    ['a body that is cut', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhell', 'fail closed'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello', 'fail malformed reply'],
    ['nothing', '', 'fail closed'],
  ];
  for (const [what, reply, finding] of broken) {
    it(`fails ${what}`, async () => {
      server = await startRawServer((connection) => {
        connection.socket.once('data', () => connection.socket.end(reply, 'latin1'));
      });
      expect(await checkOnce(new HttpCheck(wanted, place(server.port), null, MEANS))).to.equal(finding);
    });
  }
});
