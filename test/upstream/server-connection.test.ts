import { expect } from 'chai';
import { Wheel } from '../../lib/core/wheel.ts';
import type { Server } from '../../lib/upstream/server.ts';
import { Rig, turnsUntil } from '../fixtures/rig.ts';
import { serverOf } from '../fixtures/servers.ts';

describe('a server connection', () => {
  const rig = new Rig();
  let wheel: Wheel;
  beforeEach(() => {
    // Made here: its clock stands until it is started.
    wheel = new Wheel(10);
    wheel.start();
  });
  afterEach(async () => {
    wheel.stop();
    await rig.stop();
  });

  const serverAt = (port: number): Server => serverOf({ name: `127.0.0.1:${port}`, port }, wheel);

  it('goes to the pool when it is made after nobody waits for it any more', async () => {
    const { port } = await rig.serve(() => undefined);
    const server = serverAt(port);
    server.connect(-1, null).leaveDialling(1000);
    await turnsUntil(() => server.idle === 1);
    const connection = server.connect(Infinity, null);
    expect(connection.connected).to.equal(true);
    expect(connection.uses).to.equal(0);
    connection.abandon();
  });

  it('is a failure of its server when it is not made, or not in time', async () => {
    const hole = await rig.blackHole();
    const late = serverAt(hole.port);
    late.connect(-1, null).leaveDialling(50);
    await turnsUntil(() => late.fails === 1);
    const gone = await rig.serve(() => undefined);
    await gone.stop();
    const refusing = serverAt(gone.port);
    refusing.connect(-1, null).leaveDialling(1000);
    await turnsUntil(() => refusing.fails === 1);
    expect(late.idle + refusing.idle).to.equal(0);
  });

  it('is no failure of its server when its exchange gives it up', async () => {
    const hole = await rig.blackHole();
    const server = serverAt(hole.port);
    const connection = server.connect(-1, null);
    connection.abandon();
    await turnsUntil(() => connection.closed);
    expect(server.fails).to.equal(0);
  });
});
