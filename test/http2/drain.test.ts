import { once } from 'node:events';
import { expect } from 'chai';
import { H2Client } from '../fixtures/h2-client.ts';
import type { RawClient } from '../fixtures/plane.ts';
import { Rig, turnsUntil } from '../fixtures/rig.ts';
import { OK } from '../peers/servers.ts';

describe('HTTP/2 while ELB drains', () => {
  const rig = new Rig();
  const clients: H2Client[] = [];
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.stop()));
    await rig.stop();
  });

  it('serves what is open and what comes before it is heard of, then says which stream was the last', async () => {
    const held: RawClient[] = [];
    const server = await rig.serve((connection) => {
      void connection.until(/\r\n\r\n/).then(() => held.push(connection));
    });
    const plane = await rig.plane(
      { domains: { 'a.test': 'up' }, upstreams: { up: [server.port] } },
      {},
      { drainMs: 4000 },
    );
    const client = new H2Client(plane.port);
    clients.push(client);
    const open = client.ask({ ':path': '/open' });
    await turnsUntil(() => held.length === 1);
    const stopped = plane.stop();
    await turnsUntil(() => client.goaways.length === 1);
    expect(client.goaways[0]).to.deep.equal({ code: 0, last: 2 ** 31 - 1 });
    held[0]?.write(OK);
    expect(await open).to.include({ status: 200, text: 'ok', code: 0 });
    await once(client.session, 'close');
    expect(client.goaways.at(-1)).to.deep.equal({ code: 0, last: 1 });
    await stopped;
  });

  it('ends sessions that nobody uses', async () => {
    const server = await rig.serve((connection) => connection.write(OK));
    const plane = await rig.proxying([server.port]);
    const client = new H2Client(plane.port);
    clients.push(client);
    await once(client.session, 'connect');
    const closed = once(client.session, 'close');
    await plane.stop();
    await closed;
  });

  it('cuts what is still open at its end', async () => {
    const server = await rig.serve(() => undefined);
    const plane = await rig.proxying([server.port]);
    const client = new H2Client(plane.port);
    clients.push(client);
    const open = client.ask({ ':path': '/' });
    await turnsUntil(() => server.connections.length === 1);
    await plane.stop();
    expect((await open).status).to.equal(0);
  });
});
