import { expect } from 'chai';
import { Head, Known } from '../../lib/http/head.ts';
import { connectionNames, hopByHop, listHas } from '../../lib/http/hop.ts';
import { parseRequestHead } from '../../lib/http/parse-request.ts';

const HOP_BY_HOP = [
  'CONNECTION',
  'KEEP_ALIVE',
  'PROXY_AUTHENTICATE',
  'PROXY_AUTHORIZATION',
  'PROXY_CONNECTION',
  'TE',
  'TRAILER',
  'TRANSFER_ENCODING',
  'UPGRADE',
];

describe('hopByHop', () => {
  it('is true of these fields and no other', () => {
    const names = Object.entries(Known).filter(([, kind]) => hopByHop(kind));
    expect(names.map(([name]) => name).toSorted()).to.deep.equal(HOP_BY_HOP);
    expect(hopByHop(0)).to.equal(false);
  });
});

describe('connectionNames', () => {
  const LISTS: [lines: string, names: string[] | null][] = [
    ['X: y', null],
    ['Connection: close\r\nX: y', null],
    ['Connection: keep-alive', null],
    ['Connection: Upgrade\r\nUpgrade: x', null],
    ['Connection:\r\nX: y', null],
    ['Connection: X', null],
    ['Connection: X\r\nX: y', ['x']],
    ['X: y\r\nConnection: close, \t x ,,Z\r\nz: 1\r\nOther: 2', ['x', 'z']],
    ['Connection: x\r\nConnection: z\r\nX: y\r\nZ: 1', ['x', 'z']],
    ['Connection: X\r\nX: 1\r\nx: 2', ['x']],
    ['Connection: "x"\r\nX: y', null],
    ['Connection: x y\r\nX: y\r\nY: 1', null],
    ['Connection: abcde\r\nabcde: y', ['abcde']],
    ['Connection: __proto__, constructor\r\n__proto__: y', ['__proto__']],
    // What the proxy itself acts on stays, whoever lists it.
    ['Connection: Host, Content-Length, Transfer-Encoding\r\nHost: a\r\nContent-Length: 1', null],
    [
      'Connection: X-Forwarded-For, X-Real-IP, Via, Date\r\nX-Forwarded-For: a\r\nX-Real-IP: b\r\nVia: c\r\nDate: d',
      null,
    ],
    ['Connection: TE, Keep-Alive\r\nTE: trailers\r\nKeep-Alive: 5', null],
  ];
  for (const [lines, names] of LISTS)
    it(`${lines.replaceAll('\r\n', ' / ')}: ${names?.join(' and ') ?? 'none'}`, () => {
      expect(connectionNames(headOf(lines))).to.deep.equal(names);
    });
});

describe('listHas', () => {
  const LISTS: [lines: string, token: string, has: boolean][] = [
    ['TE: trailers', 'trailers', true],
    ['TE: gzip;q=1, Trailers', 'trailers', true],
    ['TE: gzip\r\nTE: ,\t trailers \t,', 'trailers', true],
    ['TE: xtrailers, trailersx, trail ers', 'trailers', false],
    ['TE: trailers;q=0.5', 'trailers', false],
    ['TE:', 'trailers', false],
    ['TE: , ,', 'trailers', false],
    ['Via: trailers', 'trailers', false],
  ];
  for (const [lines, token, has] of LISTS)
    it(`${lines.replaceAll('\r\n', ' / ')} ${has ? 'has' : 'lacks'} ${token}`, () => {
      expect(listHas(headOf(lines), Known.TE, token)).to.equal(has);
    });
});

function headOf(lines: string): Head {
  const head = new Head(10);
  const bytes = Buffer.from(`GET / HTTP/1.1\r\n${lines}\r\n\r\n`, 'latin1');
  expect(parseRequestHead(head, bytes, 0, bytes.length, { maxHeadBytes: 1000, maxFields: 10 })).to.equal(bytes.length);
  return head;
}
