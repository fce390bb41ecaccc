import { once } from 'node:events';
import { expect } from 'chai';
import type { GraphDocument } from '../../lib/routing/rule.ts';
import { Rig } from '../fixtures/rig.ts';

describe('answers of a graph', () => {
  const rig = new Rig();
  afterEach(() => rig.stop());

  it('are sent whole, and the connection goes on', async () => {
    const plane = await rig.plane({
      domains: { 'a.test': one('respond', { status: 201, body: 'ä', headers: { 'X-A': 'b' } }) },
    });
    const client = await rig.client(plane.port);
    client.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\nHEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await client.until(/X-A: b[^]*X-A: b[^]*\r\n\r\n/);
    expect(undated(client.text)).to.equal(
      'HTTP/1.1 201 Created\r\nContent-Type: text/plain; charset=utf-8\r\nX-A: b\r\nContent-Length: 2\r\n\r\nÃ¤' +
        'HTTP/1.1 201 Created\r\nContent-Type: text/plain; charset=utf-8\r\nX-A: b\r\nContent-Length: 2\r\n\r\n',
    );
  });

  it('say 503, with a time to come again, while the control plane cannot be asked', async () => {
    const plane = await rig.plane({});
    const client = await rig.client(plane.port);
    client.write('GET /__erulb__/health HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await client.until(/started\n$/);
    expect(client.text).to.match(
      /^HTTP\/1\.1 503 [^]*Retry-After: \d[^]*the control plane cannot be asked at this moment/,
    );
  });

  it('have no length where they have no body', async () => {
    const plane = await rig.plane({ domains: { 'a.test': one('respond', { status: 204 }) } });
    const client = await rig.client(plane.port);
    client.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await client.until(/\r\n\r\n/);
    expect(undated(client.text)).to.equal('HTTP/1.1 204 No Content\r\n\r\n');
  });

  it('end the connection of a request whose body is still coming', async () => {
    const plane = await rig.plane({ domains: { 'a.test': one('respond', { status: 403 }) } });
    const client = await rig.client(plane.port);
    client.write('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000\r\n\r\nabc');
    await client.untilEnd();
    expect(undated(client.text)).to.equal('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  });

  it('send elsewhere, with path and query', async () => {
    const plane = await rig.plane({
      domains: { 'a.test': one('redirect', { to: 'https://b.test', keep_path: true, status: 308 }) },
    });
    const client = await rig.client(plane.port);
    client.write('GET /x/../y?z=%20 HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await client.until(/\r\n\r\n/);
    expect(client.text).to.include('308 Permanent Redirect').and.to.include('\r\nLocation: https://b.test/y?z=%20\r\n');
  });

  it('may be none: the connection is closed', async () => {
    const plane = await rig.plane({ domains: { 'a.test': one('close', {}) } });
    const client = await rig.client(plane.port);
    client.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await client.untilClosed();
    expect(client.text).to.equal('');
  });

  it('that wait do not touch the request that comes after a client that left', async () => {
    const late = one('respond', { body: 'late', delay_ms: 100 });
    const plane = await rig.plane({
      domains: { 'late.test': late, 'a.test': one('respond', { body: 'now', delay_ms: 200 }) },
    });
    const leaver = await rig.client(plane.port);
    leaver.write('GET / HTTP/1.1\r\nHost: late.test\r\n\r\n');
    const other = await rig.client(plane.port);
    other.write('GET / HTTP/1.1\r\nHost: nobody.test\r\n\r\n');
    await other.until(/404/);
    leaver.socket.resetAndDestroy();
    await once(leaver.socket, 'close');
    // The exchange of the one that left serves this one.
    const client = await rig.client(plane.port);
    client.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await client.until(/now$/);
    expect(client.text).to.not.include('late');
  });
});

function one(type: string, args: Record<string, unknown>): GraphDocument {
  return { init: 'r1', rules: { r1: { type, args } } };
}

function undated(text: string): string {
  return text.replaceAll(/Date: [^\r]*\r\n/g, '');
}
