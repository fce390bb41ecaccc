import { once } from 'node:events';
import tls from 'node:tls';
import { expect } from 'chai';
import { SecureClient, startTlsPlane, type TlsPlane } from '../fixtures/tls-plane.ts';
import { TestCa } from '../fixtures/test-ca.ts';
import type { TicketSeed } from '../../lib/tls/tickets.ts';

describe('TLS sessions', () => {
  const ca = new TestCa();
  const clients = new TestCa('CA of clients');
  let planes: TlsPlane[];

  before(async () => {
    const all = ca.issue({ names: ['DNS:*.test', 'DNS:secret.test'] });
    planes = await Promise.all([startTlsPlane(), startTlsPlane()]);
    for (const plane of planes) {
      plane.certify({ all });
      const asked = { client_certificates: { mode: 'required', ca: clients.certificate } };
      plane.rule({ 'secret.test': asked, 'secret2.test': asked, 'new.test': { min_version: '1.3' } });
    }
    share([seed(1, -1000)]);
  });

  after(async () => {
    await Promise.all(planes.map((plane) => plane.stop()));
    ca.remove();
    clients.remove();
  });

  const seed = (byte: number, ageMs: number): TicketSeed => ({
    secret: Buffer.alloc(32, byte).toString('base64'),
    from: Date.now() + ageMs,
  });
  const share = (seeds: readonly TicketSeed[], to = planes): void => {
    for (const { plane } of to)
      plane.apply([{ kind: 'tickets', name: 'tickets', document: JSON.stringify(seeds) }], false);
  };

  /** A session of a name, after a request by it. */
  const begin = async (name: string, options: tls.ConnectionOptions = {}, plane = planes[0]): Promise<Buffer> => {
    const client = await SecureClient.connect(plane?.port ?? 0, { servername: name, ...options });
    await client.request('/', name);
    const session = client.socket.getSession();
    client.destroy();
    return session ?? Buffer.alloc(0);
  };
  const goesOn = async (
    session: Buffer,
    servername: string,
    options: tls.ConnectionOptions = {},
    plane = planes[0],
  ): Promise<boolean> => {
    // Node's client refuses a session of another name; a client that means no good would not.
    const raw = session.subarray(session.indexOf(0x30, 25));
    const client = await SecureClient.connect(plane?.port ?? 0, { servername, session: raw, ...options });
    const isReused = client.socket.isSessionReused();
    await client.request('/', servername).catch(() => undefined);
    client.destroy();
    return isReused;
  };

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const options = { minVersion: version, maxVersion: version } as const;
    it(`go on in ${version}, here and in another worker or instance`, async () => {
      const session = await begin('a.test', options);
      expect(await goesOn(session, 'a.test', options)).to.equal(true);
      expect(await goesOn(session, 'a.test', options, planes[1])).to.equal(true);
    });

    it(`go on in ${version} while their key is known, also once a newer one makes tickets`, async () => {
      const session = await begin('a.test', options);
      share([seed(1, -1000), seed(2, -500)]);
      expect(await goesOn(session, 'a.test', options)).to.equal(true);
      share([seed(2, -500)]);
      expect(await goesOn(session, 'a.test', options)).to.equal(false);
      share([seed(1, -1000)]);
    });

    it(`of ${version} are made by the newest key that has begun`, async () => {
      share([seed(3, 60_000), seed(1, -1000)]);
      const session = await begin('a.test', options);
      share([seed(1, -1000)]);
      expect(await goesOn(session, 'a.test', options)).to.equal(true);
    });

    it(`of ${version} do not cross from one name to another with other rules`, async () => {
      const known = clients.issue({ subject: '/CN=alice' });
      const shows = { cert: known.certificate, key: known.key, ...options };
      const open = await begin('a.test', options);
      const secret = await begin('secret.test', shows);
      expect(await goesOn(secret, 'secret.test', shows)).to.equal(true);
      expect(await goesOn(secret, 'secret2.test', shows)).to.equal(true);
      expect(await goesOn(open, 'secret.test', options)).to.equal(false);
      expect(await goesOn(secret, 'a.test', options)).to.equal(false);
    });
  }

  it('keep who the client was', async () => {
    const known = clients.issue({ subject: '/CN=alice' });
    const session = await begin('secret.test', { cert: known.certificate, key: known.key });
    const raw = session.subarray(session.indexOf(0x30, 25));
    const [plane] = planes;
    const client = await SecureClient.connect(plane?.port ?? 0, { servername: 'secret.test', session: raw });
    expect(client.socket.isSessionReused()).to.equal(true);
    const { body } = await client.request('/', 'secret.test');
    expect(JSON.parse(body)).to.include({ 'x-client-cert-subject': 'CN=alice' });
    client.destroy();
  });

  it('are nothing to begin with what is no ticket of ours', async () => {
    const session = await begin('a.test', {});
    const broken = Buffer.from(session);
    for (let at = 200; at < 260; at++) broken[at] = 0;
    const client = tls.connect({
      port: planes[0]?.port ?? 0,
      servername: 'a.test',
      session: broken,
      rejectUnauthorized: false,
    });
    client.on('error', () => undefined);
    await Promise.race([once(client, 'secureConnect'), new Promise((resolve) => client.on('close', resolve))]);
    client.destroy();
    expect(await goesOn(await begin('a.test'), 'a.test')).to.equal(true);
  });
});
