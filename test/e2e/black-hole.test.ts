import { expect } from 'chai';
import type { UpstreamWork } from '../../lib/core/upstream-work.ts';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { startFarServer, type FarServer } from '../fixtures/far-server.ts';
import { startNamedServer, type NamedServer } from '../fixtures/named-servers.ts';
import { until } from '../fixtures/until.ts';

/** A network that drops what is sent, as a firewall or a machine without power does: no reset, no end, nothing. */
describe('a server whose network is a black hole', function () {
  this.timeout(60_000);
  let far: FarServer;
  let near: NamedServer;
  let elb: Elb;
  let isOver = false;
  let clients: Promise<void>[] = [];
  const replies = new Map<string, number>();
  const failures: string[] = [];

  before(async function () {
    const started = await startFarServer();
    // Said and counted by mocha: this machine does not let us.
    if (started === null) return this.skip();
    far = started;
    near = await startNamedServer('near');
    const health = { kind: 'tcp', interval: '500ms', timeout: '500ms', rise: 1, busy: 'check' };
    const servers = { [far.address]: 'fail_timeout=2s', [near.address]: '' };
    const all = (servername: string): object => ({
      init: 'r',
      rules: { r: { type: 'backend', args: { servername } } },
    });
    elb = await startElb({
      // A machine that has much else to do is no failure of a server.
      args: ['--workers', '2', '--max-wait', '30s'],
      file: {
        domains: { 'checked.test': all('checked'), 'usual.test': all('usual') },
        upstreams: { checked: servers, usual: servers },
        options: { checked: { health } },
      },
    });
    clients = ['checked.test', 'usual.test'].flatMap((host) => Array.from({ length: 4 }, () => keepAsking(host)));
  });
  after(async () => {
    isOver = true;
    await Promise.all(clients);
    await elb?.stop();
    await near?.stop();
    await far?.stop();
  });

  async function keepAsking(host: string): Promise<void> {
    while (!isOver) {
      const { status, text } = await elb.get('/', { host });
      const name = `${host} ${text.split(' ')[0]}`;
      if (status === 200) replies.set(name, (replies.get(name) ?? 0) + 1);
      else failures.push(`${status} ${text}`);
    }
  }

  /** How often that server has answered; it goes on once there are so many more. */
  async function answers(name: string, more: number): Promise<void> {
    const before = replies.get(name) ?? 0;
    await until(`${more} more of ${name}`, () => (replies.get(name) ?? 0) >= before + more);
  }

  const stateOf = async (upstream: string): Promise<string | undefined> => {
    const work = (await elb.admin('GET', `server?upstream=${upstream}`)).json() as Record<string, UpstreamWork>; // as documented
    return work[upstream]?.servers.find(({ addr }) => addr === far.address)?.state;
  };

  it('is left alone, by its checks or without any, and no request fails; it is used again when packets come through', async () => {
    for (const host of ['checked.test', 'usual.test']) await answers(`${host} far`, 20);
    far.swallow(true);
    await until('its checks have failed', async () => (await stateOf('checked')) === 'down');
    await until('it was found out without checks', async () => (await stateOf('usual')) === 'ejected');
    for (const host of ['checked.test', 'usual.test']) await answers(`${host} near`, 200);
    far.swallow(false);
    for (const host of ['checked.test', 'usual.test']) await answers(`${host} far`, 20);
    expect(failures).to.deep.equal([]);
  });
});
