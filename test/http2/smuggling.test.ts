import { expect } from 'chai';
import fc from 'fast-check';
import { Head } from '../../lib/http/head.ts';
import { frameRequest } from '../../lib/http/framing.ts';
import { parseRequestHead } from '../../lib/http/parse-request.ts';
import { requestText } from '../../lib/http2/request-text.ts';
import { trailerLines } from '../../lib/http2/trailer-lines.ts';

const LIMITS = { maxHeadBytes: 65536, maxFields: 128 };

/** Each is refused: by name, the fields of a request. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  'no method': [':scheme', 'http', ':authority', 'a', ':path', '/'],
  'no path': [':method', 'GET', ':scheme', 'http', ':authority', 'a'],
  'no scheme': [':method', 'GET', ':authority', 'a', ':path', '/'],
  'no host at all': [':method', 'GET', ':scheme', 'http', ':path', '/'],
  'a method twice': [...get(), ':method', 'GET'].toSorted(),
  'a pseudo-field of replies': [':status', '200', ...get()],
  'an unknown pseudo-field': [':x', '1', ...get()],
  'a pseudo-field behind others': [...get().slice(0, 6), 'x', '1', ':path', '/'],
  'a scheme of its own': [':method', 'GET', ':scheme', 'file', ':authority', 'a', ':path', '/'],
  'a Host that says something else': [...get(), 'host', 'b'],
  'two Hosts': [...get(), 'host', 'a', 'host', 'b'],
  'an empty path': get(''),
  'a path that is a target in absolute form': get('http://b/'),
  'a path that is no path': get('x'),
  'an asterisk for GET': get('*'),
  'a path with a space': get('/ HTTP/1.1'),
  'a path with a line end': get('/\r\nx: y'),
  'a method with a space': ['GET /x', 'http', 'a', '/'].flatMap((value, i) => [pseudoName(i), value]),
  'a method in lower case': ['get', 'http', 'a', '/'].flatMap((value, i) => [pseudoName(i), value]),
  'an authority with user information': ['GET', 'http', 'u@a', '/'].flatMap((value, i) => [pseudoName(i), value]),
  'an authority with a path': ['GET', 'http', 'a/b', '/'].flatMap((value, i) => [pseudoName(i), value]),
  'an authority with a line end': ['GET', 'http', 'a\r\nb: c', '/'].flatMap((value, i) => [pseudoName(i), value]),
  'a name in upper case': [...get(), 'X-A', '1'],
  'a name with a space': [...get(), 'x a', '1'],
  'a name with a colon': [...get(), 'x:a', '1'],
  'an empty name': [...get(), '', '1'],
  'a name with a line end': [...get(), 'x\r\ny', '1'],
  'a value with a line end': [...get(), 'x', 'a\r\ny: b'],
  'a value with a bare LF': [...get(), 'x', 'a\nb'],
  'a value with NUL': [...get(), 'x', 'a\0b'],
  'a value with white space before it': [...get(), 'x', ' a'],
  'a value with white space behind it': [...get(), 'x', 'a\t'],
  Connection: [...get(), 'connection', 'close'],
  'Keep-Alive': [...get(), 'keep-alive', 'timeout=5'],
  'Proxy-Connection': [...get(), 'proxy-connection', 'close'],
  'Transfer-Encoding': [...get(), 'transfer-encoding', 'chunked'],
  Upgrade: [...get(), 'upgrade', 'websocket'],
  'TE other than trailers': [...get(), 'te', 'gzip'],
  'a cookie with a line end': [...get(), 'cookie', 'a\r\nb: c'],
  'two lengths': [...get(), 'content-length', '1', 'content-length', '2'],
  'a length that is no number': [...get(), 'content-length', '+1'],
  'CONNECT without a protocol': [':method', 'CONNECT', ':authority', 'a'],
  'CONNECT to a protocol that is not known': [':method', 'CONNECT', ':protocol', 'x', ...get().slice(2)],
  'a protocol without CONNECT': [':protocol', 'websocket', ...get()],
  'a tunnel with a length': [':method', 'CONNECT', ':protocol', 'websocket', ...get().slice(2), 'content-length', '5'],
};

function pseudoName(i: number): string {
  return [':method', ':scheme', ':authority', ':path'][i] ?? '';
}

function get(path = '/'): string[] {
  return [':method', 'GET', ':scheme', 'http', ':authority', 'a', ':path', path];
}

/** What a server of HTTP/1.1 would read of a request; null where it is refused. */
function read(fields: readonly string[]): { head: Head; text: string } | null {
  const { head: text } = requestText(fields);
  if (typeof text === 'number') return null;
  const head = new Head(LIMITS.maxFields);
  const bytes = Buffer.from(text, 'latin1');
  if (parseRequestHead(head, bytes, 0, bytes.length, LIMITS) !== bytes.length) return null;
  if (frameRequest(head, 1e9, { ended: false }) !== 0) return null;
  return { head, text };
}

describe('a request of HTTP/2 in the form of HTTP/1.1', () => {
  for (const [name, fields] of Object.entries(REFUSED))
    it(`is none with ${name}`, () => {
      const found = read(fields);
      // What is left to the target's reader: both that and this stand before any server.
      if (found === null || !/authority|lower case/.test(name)) expect(found).to.equal(null);
    });

  it('says what its fields have said, whatever they are, or is refused', () => {
    const text = fc.string({ unit: fc.constantFrom(...'ab-_:; \t\r\n\0"/%\x7f\xe9XY019,=') });
    const word = fc.string({ unit: fc.constantFrom(...'abcxyz-_019'), minLength: 1, maxLength: 12 });
    const name = fc.oneof(
      { weight: 6, arbitrary: word },
      { weight: 1, arbitrary: text },
      { weight: 2, arbitrary: fc.constantFrom(...NAMES) },
    );
    const value = fc.oneof(
      { weight: 3, arbitrary: word },
      { weight: 2, arbitrary: text },
      fc.constantFrom('5', 'chunked', 'close'),
    );
    const path = fc.oneof(
      { weight: 3, arbitrary: word.map((rest) => `/${rest}`) },
      { weight: 1, arbitrary: text.map((rest) => `/${rest}`) },
    );
    const list = fc.array(fc.tuple(name, value), { maxLength: 8 });
    let accepted = 0;
    fc.assert(
      fc.property(path, list, (target, pairs) => {
        const fields = [...get(target), ...pairs.flat()];
        const found = read(fields);
        if (found === null) return;
        accepted++;
        const { head } = found;
        expect(head.method()).to.equal('GET');
        expect(head.target()).to.equal(target);
        // A crumb of nothing before the first one that says something is nothing.
        const crumbs = pairs.filter(([one]) => one === 'cookie').map(([, one]) => one);
        const cookies = crumbs.slice(crumbs.findIndex((one) => one !== ''));
        const expected = pairs.filter(([one]) => one !== 'cookie' && one !== 'host').map(([one, of]) => [one, of]);
        if (cookies.length > 0 && cookies.join('; ') !== '') expected.push(['cookie', cookies.join('; ')]);
        const parsed = Array.from({ length: head.count }, (_, i) => [head.name(i), head.value(i)]);
        expect(parsed).to.deep.equal([['Host', 'a'], ...expected]);
      }),
      { numRuns: 3000 },
    );
    expect(accepted).to.be.above(300);
  });

  it('has trailers that are field lines and nothing else', () => {
    expect(trailerLines(['x-sum', '7'])).to.equal('x-sum: 7\r\n');
    for (const bad of [
      ['X', '1'],
      ['x', 'a\r\nb: c'],
      ['transfer-encoding', 'chunked'],
      ['content-length', '5'],
      [':path', '/'],
      ['authorization', 'x'],
      ['', 'x'],
    ])
      expect(trailerLines(bad), JSON.stringify(bad)).to.equal(null);
  });
});

const NAMES = [
  'cookie',
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'te',
  'upgrade',
  'expect',
  ':path',
  'x_a',
];
