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
});

function through(type: string, args: Record<string, unknown>): GraphDocument {
  return {
    init: 'r1',
    rules: { r1: { type, args: { ...args, next: 'r2' } }, r2: { type: 'backend', args: { servername: 'up' } } },
  };
}
