import { expect } from 'chai';
import { Fault } from '../../lib/core/faults.ts';
import { encodeReply, type ReplyEdits } from '../../lib/http/encode-reply.ts';
import { encodeRequest, type RequestEdits } from '../../lib/http/encode-request.ts';
import { checkExpectation, frameReply, frameRequest } from '../../lib/http/framing.ts';
import { Head } from '../../lib/http/head.ts';
import { connectionNames } from '../../lib/http/hop.ts';
import { parseReplyHead } from '../../lib/http/parse-reply.ts';
import { parseRequestHead } from '../../lib/http/parse-request.ts';

const LIMITS = { maxHeadBytes: 65536, maxFields: 32 };
const UNCHANGED: RequestEdits = {
  target: null,
  host: null,
  listed: null,
  guarded: null,
  set: [],
  forwarded: '',
  trusted: false,
  upgrade: null,
  trailers: false,
  method: null,
  length: -1,
};

/** Lines without their ends; the empty line is left out. */
function lines(text: string): string[] {
  expect(text.endsWith('\r\n\r\n')).to.equal(true);
  return text.slice(0, -4).split('\r\n');
}

function request(sent: readonly string[], edits: Partial<RequestEdits>): string[] {
  const bytes = Buffer.from(`${sent.join('\r\n')}\r\n\r\n`, 'latin1');
  const head = new Head(LIMITS.maxFields);
  expect(parseRequestHead(head, bytes, 0, bytes.length, LIMITS)).to.equal(bytes.length);
  expect(frameRequest(head, 1e9)).to.equal(0);
  return lines(encodeRequest(head, { ...UNCHANGED, listed: connectionNames(head), ...edits }));
}

describe('encodeRequest', () => {
  const GET = 'GET /a?b HTTP/1.1';
  const HOST = 'Host: a.test';
  const rows: [string, string[], Partial<RequestEdits>, string[]][] = [
    ['sends what needs no change as it came', [GET, HOST, 'a_b:  x  '], {}, [GET, HOST, 'a_b:  x  ']],
    ['sends another target', [GET, HOST], { target: '/x' }, ['GET /x HTTP/1.1', HOST]],
    ['speaks HTTP/1.1 for a client that does not', ['GET /a?b HTTP/1.0', HOST], {}, [GET, HOST]],
    ['names another host', [GET, 'X: 1', HOST], { host: 'b.test' }, [GET, 'Host: b.test', 'X: 1']],
    [
      'drops what only the graph may say, in any spelling, and sends what it says',
      [GET, HOST, 'X-User: 6', 'x_user: 6', 'X-USER: 6', 'X_uSeR: 6', 'X-Users: 7', 'XUser: 7'],
      { guarded: ['x-user'], set: ['X-User', 'ann'] },
      [GET, HOST, 'X-Users: 7', 'XUser: 7', 'X-User: ann'],
    ],
    ['lets the graph name the host', [GET, HOST], { host: 'b.test', set: ['Host', 'c'] }, [GET, 'Host: c']],
    [
      'drops what is about the connection, and what the client lists in it',
      [GET, 'Connection: x-hop, Host', 'X-Hop: 1', 'Keep-Alive: 5', HOST, 'TE: gzip'],
      {},
      [GET, HOST],
    ],
    [
      'drops what strangers say about themselves, in any spelling',
      [
        GET,
        HOST,
        'X-Real-IP: 6',
        'X_Real-IP: 6',
        'REMOTE_HOST: 6',
        'Forwarded: for=6',
        'Content_Length: 6',
        'X-Really: 1',
      ],
      { forwarded: 'X-Real-IP: 1\r\n' },
      [GET, HOST, 'X-Really: 1', 'X-Real-IP: 1'],
    ],
    [
      'keeps Forwarded of a trusted proxy',
      [GET, HOST, 'Forwarded: for=6'],
      { trusted: true },
      [GET, HOST, 'Forwarded: for=6'],
    ],
    [
      'sets fields in place of the client’s and of ours',
      [GET, HOST, 'x-team: 1', 'User-Agent: t'],
      { set: ['X-Team', 'a', 'X-Team', 'b', 'X-Real-IP', '2'], forwarded: 'X-Real-IP: 1\r\nREMOTE-HOST: 1\r\n' },
      [GET, HOST, 'User-Agent: t', 'REMOTE-HOST: 1', 'X-Team: a', 'X-Team: b', 'X-Real-IP: 2'],
    ],
    ['passes Expect on', [GET, HOST, 'Expect: 100-continue'], {}, [GET, HOST, 'Expect: 100-continue']],
    ['knows no Expect in HTTP/1.0', ['GET /a?b HTTP/1.0', HOST, 'Expect: 100-continue'], {}, [GET, HOST]],
    [
      'frames a chunked body itself',
      ['POST / HTTP/1.1', HOST, 'transfer-encoding: CHUNKED'],
      {},
      ['POST / HTTP/1.1', HOST, 'Transfer-Encoding: chunked'],
    ],
    [
      'asks for an upgrade itself',
      [GET, HOST, 'Upgrade: x'],
      { upgrade: 'x' },
      [GET, HOST, 'Connection: upgrade', 'Upgrade: x'],
    ],
    [
      'says that trailers are welcome',
      [GET, HOST, 'TE: trailers'],
      { trailers: true },
      [GET, HOST, 'TE: trailers', 'Connection: TE'],
    ],
  ];
  for (const [what, sent, edits, wanted] of rows)
    it(what, () => {
      expect(request(sent, edits)).to.deep.equal(wanted);
    });
});

describe('encodeReply', () => {
  const OK = 'HTTP/1.1 200 OK';
  const DATE = 'Date: now';
  const rows: [string, string[], Partial<ReplyEdits>, (string | RegExp)[]][] = [
    ['sends what needs no change as it came', [OK, DATE, 'a_b: 1'], {}, [OK, DATE, 'a_b: 1']],
    ['speaks HTTP/1.1 for a server that does not', ['HTTP/1.0 200 OK', DATE], {}, [OK, DATE]],
    ['sends a head without fields', ['HTTP/1.1 100 Continue'], {}, ['HTTP/1.1 100 Continue']],
    ['dates what is not dated', [OK], {}, [OK, /^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/]],
    ['keeps the space behind a status without reason', ['HTTP/1.1 200', DATE], {}, ['HTTP/1.1 200 ', DATE]],
    [
      'drops what is about the connection, and what the server lists in it',
      [OK, 'Connection: x-hop', 'X-Hop: 1', DATE, 'Keep-Alive: 5', 'X: 1'],
      {},
      [OK, DATE, 'X: 1'],
    ],
    ['drops a length that does not count', [OK, DATE, 'Content-Length: 5'], { dropLength: true }, [OK, DATE]],
    [
      'drops lengths that say two things',
      ['HTTP/1.1 304 No', DATE, 'Content-Length: 5', 'Content-Length: 6'],
      {},
      ['HTTP/1.1 304 No', DATE],
    ],
    ['adds our own lines last', [OK, DATE], { lines: 'Connection: close\r\n' }, [OK, DATE, 'Connection: close']],
  ];
  for (const [what, sent, edits, wanted] of rows)
    it(what, () => {
      const bytes = Buffer.from(`${sent.join('\r\n')}\r\n\r\n`, 'latin1');
      const head = new Head(LIMITS.maxFields);
      expect(parseReplyHead(head, bytes, 0, bytes.length, LIMITS)).to.equal(bytes.length);
      expect(frameReply(head, 'GET')).to.equal(0);
      const got = lines(
        encodeReply(head, { listed: connectionNames(head), taken: null, dropLength: false, lines: '', ...edits }),
      );
      expect(got).to.have.length(wanted.length);
      for (const [i, line] of got.entries()) {
        const expected = wanted[i];
        if (expected instanceof RegExp) expect(line).to.match(expected);
        else expect(line).to.equal(expected);
      }
    });
});

describe('checkExpectation', () => {
  const rows: [string, string, number][] = [
    ['none', '', 0],
    ['100-continue in any case', 'Expect: 100-Continue', 0],
    ['another one', 'Expect: wonders', Fault.BAD_EXPECTATION],
    ['an empty one', 'Expect:', Fault.BAD_EXPECTATION],
  ];
  for (const [what, field, wanted] of rows)
    for (const version of ['1.0', '1.1'])
      it(`${what}, HTTP/${version}`, () => {
        const bytes = Buffer.from(`GET / HTTP/${version}\r\n${field === '' ? '' : `${field}\r\n`}\r\n`);
        const head = new Head(LIMITS.maxFields);
        expect(parseRequestHead(head, bytes, 0, bytes.length, LIMITS)).to.equal(bytes.length);
        expect(checkExpectation(head)).to.equal(version === '1.0' ? 0 : wanted);
      });
});
