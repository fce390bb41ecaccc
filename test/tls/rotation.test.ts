import { expect } from 'chai';
import { ManyCertificates, nameOf } from '../fixtures/many-certificates.ts';
import { TestCa, type Pair } from '../fixtures/test-ca.ts';
import { SecureClient, startTlsPlane, type TlsPlane } from '../fixtures/tls-plane.ts';

const COUNT = 200;

describe('many certificates', () => {
  const ca = new TestCa();
  const many = new ManyCertificates(ca);
  let plane: TlsPlane;

  before(async () => {
    plane = await startTlsPlane();
    plane.certify(Object.fromEntries(Array.from({ length: COUNT }, (_, i) => [`c${i}`, many.make(i)])));
  });

  after(async () => {
    await plane.stop();
    ca.remove();
  });

  it('are replaced under load, and no handshake fails', async () => {
    let isOver = false;
    let handshakes = 0;
    const shakeOn = async (offset: number): Promise<void> => {
      for (let i = offset; !isOver; i++) {
        const servername = nameOf(i % COUNT);
        const options = { servername, ca: ca.certificate, rejectUnauthorized: true } as const;
        const client = await SecureClient.connect(plane.port, options);
        handshakes++;
        client.destroy();
      }
    };
    const load = Promise.all([0, 50, 100, 150].map((offset) => shakeOn(offset)));
    const newest = new Map<number, Pair>();
    for (let i = 0; i < COUNT; i++) {
      const pair = many.make(i);
      newest.set(i, pair);
      plane.certify({ [`c${i}`]: pair });
      const before = handshakes;
      while (handshakes === before) await new Promise(setImmediate);
    }
    isOver = true;
    await load;
    expect(handshakes).to.be.greaterThan(COUNT);
    for (const i of [0, COUNT - 1]) {
      const client = await SecureClient.connect(plane.port, { servername: nameOf(i) });
      expect(client.socket.getPeerX509Certificate()?.toString()).to.equal(newest.get(i)?.certificate);
      client.destroy();
    }
  });
});
