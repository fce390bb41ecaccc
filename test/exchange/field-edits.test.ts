import { expect } from 'chai';
import type { GraphDocument } from '../../lib/routing/rule.ts';
import { answering } from '../fixtures/plane.ts';
import { Rig } from '../fixtures/rig.ts';

describe('fields that a graph changes', () => {
  const rig = new Rig();
  afterEach(() => rig.stop());

  const reply =
    'HTTP/1.1 200 OK\r\nServer: x\r\nDate: Sat, 21 Nov 2026 09:00:00 GMT\r\nX-Keep: 1\r\nContent-Length: 2\r\n\r\nok';

  it('in the request that a server gets', async () => {
    const server = await rig.serve(answering(reply));
    const plane = await rig.plane({
      domains: {
        'a.test': through('request-headers', { set: { 'X-A': '1' }, remove: ['Cookie'], rename: { 'X-Old': 'X-New' } }),
      },
      upstreams: { up: [server.port] },
    });
    const client = await rig.client(plane.port);
    client.write(
      'GET / HTTP/1.1\r\nHost: a.test\r\nCookie: c\r\nX-Old: o\r\nX-A: 0\r\nX-Keep: k\r\nConnection: X-Keep2\r\n\r\n',
    );
    await client.until(/ok$/);
    const got = server.connections[0]?.text ?? '';
    expect(got).to.include('\r\nX-A: 1\r\n').and.to.include('\r\nX-New: o\r\n').and.to.include('\r\nX-Keep: k\r\n');
    expect(got).to.not.match(/Cookie|X-Old|X-A: 0/);
  });

  it('in the reply of a server, and only for that request', async () => {
    const server = await rig.serve(answering(reply));
    const edited = through('response-headers', {
      set: { 'X-Keep': '2' },
      add: { 'X-B': 'b' },
      remove: ['Server', 'Date'],
    });
    const plane = await rig.plane({ domains: { 'a.test': edited, 'b.test': 'up' }, upstreams: { up: [server.port] } });
    const client = await rig.client(plane.port);
    client.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await client.until(/ok$/);
    expect(client.text).to.equal('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Keep: 2\r\nX-B: b\r\n\r\nok');
    client.write('GET / HTTP/1.1\r\nHost: b.test\r\n\r\n');
    await client.until(/ok[^]*ok$/);
    expect(client.text.slice(-reply.length)).to.equal(reply);
  });

  it('in an answer of the graph itself', async () => {
    const graph: GraphDocument = {
      init: 'r1',
      rules: {
        r1: { type: 'response-headers', args: { set: { 'Content-Type': 'text/html' }, next: 'r2' } },
        r2: { type: 'respond', args: { body: '<p>' } },
      },
    };
    const plane = await rig.plane({ domains: { 'a.test': graph } });
    const client = await rig.client(plane.port);
    client.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await client.until(/<p>$/);
    expect(client.text.replace(/Date: .*\r\n/, '')).to.equal(
      'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\n<p>',
    );
  });

  it('in errors of ours, once its graph was walked', async () => {
    const gone = await rig.serve(() => undefined);
    await gone.stop();
    const graph = (last: object): GraphDocument => ({
      init: 'cors',
      rules: {
        cors: { type: 'cors', args: { origins: ['https://shop.test'], credentials: true, next: 'edit' } },
        edit: { type: 'response-headers', args: { set: { 'X-Was': '${reply.status}' }, next: 'slow' } },
        slow: { type: 'timeout', args: { first_byte: '100ms', next: 'last' } },
        last: { ...BACKEND, ...last },
      },
    });
    const silent = await rig.serve(() => undefined);
    const limited = { type: 'rate-limit', args: { limit: 1, per: '1h', next: null } };
    const plane = await rig.plane({
      domains: {
        'dead.test': graph({ args: { servername: 'dead' } }),
        'none.test': graph({ args: { servername: 'none' } }),
        'silent.test': graph({ args: { servername: 'silent' } }),
        'edge.test': graph({ type: 'path', args: { pattern: '/none', fail: null } }),
        'limited.test': graph(limited),
      },
      upstreams: { dead: [gone.port], silent: [silent.port] },
    });
    const client = await rig.client(plane.port);
    const ask = async (host: string, origin: string): Promise<string> => {
      client.received = Buffer.alloc(0);
      client.write(`GET / HTTP/1.1\r\nHost: ${host}.test\r\nOrigin: ${origin}\r\n\r\n`);
      return client.until(/\r\n\r\n\d+ .*\n$/);
    };
    for (const [host, status] of [
      ['dead', 502],
      ['none', 502],
      ['silent', 504],
      ['edge', 403],
      ['limited', 403],
      ['limited', 429],
    ] as const) {
      expect(await ask(host, 'https://shop.test'), host)
        .to.match(new RegExp(`^HTTP/1.1 ${status} `))
        .and.to.include('\r\nAccess-Control-Allow-Origin: https://shop.test\r\nVary: Origin\r\n')
        .and.to.include(`\r\nX-Was: ${status}\r\n`)
        .and.to.include('\r\nContent-Type: text/plain');
    }
    expect(await ask('dead', 'https://evil.test')).to.not.include('Access-Control');
    expect(await ask('nobody', 'https://shop.test'))
      .to.match(/^HTTP\/1.1 404 /)
      .and.to.not.match(/Access-Control|X-Was/);
  });

  it("by what is in the reply, a server's, one of the graph and one of ours", async () => {
    const listed =
      'HTTP/1.1 404 Not Found\r\nX-Runtime: 7\r\nX-Runtime: 8\r\nX-Evil: "<b>\r\nContent-Length: 2\r\n\r\nok';
    const server = await rig.serve(answering(listed));
    const edits = {
      set: { 'X-Seen': '${method} ${header.x-a} ${reply.status}', 'X-Runtime': ['${reply.header.x-runtime}', 'us'] },
      add: { 'X-None': '${reply.header.X-None|none}' },
      next: 'body',
    };
    const body = { json: { status: '${reply.status}', evil: '${reply.header.x-evil}', path: '${path}' }, next: 'last' };
    const graph = (last: object): GraphDocument => ({
      init: 'before',
      rules: {
        before: { type: 'response-headers', args: { set: { 'X-Seen': '${reply.status}' }, next: 'edit' } },
        edit: { type: 'response-headers', args: edits },
        body: { type: 'response-body', args: body },
        last: { ...BACKEND, ...last },
      },
    });
    const plane = await rig.plane({
      domains: {
        'a.test': graph({}),
        'b.test': graph({ type: 'respond', args: { status: 201, headers: { 'X-Runtime': '9' }, body: 'own' } }),
        'c.test': graph({ args: { servername: 'none' } }),
      },
      upstreams: { up: [server.port] },
    });
    const client = await rig.client(plane.port);
    const ask = async (host: string, end: RegExp): Promise<string> => {
      client.received = Buffer.alloc(0);
      client.write(`GET /p HTTP/1.1\r\nHost: ${host}\r\nX-A: a\r\n\r\n`);
      return (await client.until(end)).replace(/Date: .*\r\n/, '');
    };
    for (let i = 0; i < 2; i++)
      expect(await ask('a.test', /\}\n$/)).to.equal(
        'HTTP/1.1 404 Not Found\r\nX-Evil: "<b>\r\n' +
          'X-Seen: GET a 404\r\nX-Runtime: 7, 8\r\nX-Runtime: us\r\nX-None: none\r\n' +
          'Content-Type: application/json\r\nContent-Length: 49\r\n\r\n' +
          '{"status":"404","evil":"\\"\\u003cb>","path":"/p"}\n',
      );
    expect(await ask('b.test', /own$/)).to.include('\r\nX-Seen: GET a 201\r\nX-Runtime: 9\r\nX-Runtime: us\r\n');
    expect(await ask('c.test', /\n$/)).to.include('\r\nX-Seen: GET a 502\r\nX-Runtime: \r\nX-Runtime: us\r\n');
  });
});

const BACKEND = { type: 'backend', args: { servername: 'up' } };

function through(type: string, args: Record<string, unknown>): GraphDocument {
  return {
    init: 'r1',
    rules: { r1: { type, args: { ...args, next: 'r2' } }, r2: { type: 'backend', args: { servername: 'up' } } },
  };
}
