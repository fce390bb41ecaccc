import { expect } from 'chai';
import { decoded, rawReply } from '../fixtures/raw-reply.ts';
import { Site } from '../fixtures/site.ts';

/** What replies go through on their way to the client. */
describe('replies on their way', () => {
  const site = new Site();
  afterEach(() => site.close());

  describe('compressed', () => {
    const open = (length: number): Promise<unknown> =>
      site.open({
        domains: { 'a.test': 'up' },
        servers: {
          up: (_got, response) => response.setHeader('Content-Type', 'text/plain').end('x'.repeat(length)),
        },
        options: { up: { compression: { enabled: true, min_length: 100 } } },
      });

    it('from a length on, for those who accept it, and by their weights', async () => {
      await open(100);
      const { fields, text } = await site.ask('GET a.test/', { fields: { 'Accept-Encoding': 'br;q=0.5, gzip' } });
      expect(fields.get('content-encoding')).to.deep.equal(['gzip']);
      expect(fields.get('vary')).to.deep.equal(['Accept-Encoding']);
      expect(fields.has('content-length')).to.equal(false);
      expect(decoded(rawReply(text).body, 'gzip')).to.equal('x'.repeat(100));
      for (const accepted of [{}, { 'Accept-Encoding': 'gzip;q=0' }]) {
        const plain = await site.ask('GET a.test/', { fields: accepted });
        expect([plain.fields.has('content-encoding'), plain.body]).to.deep.equal([false, 'x'.repeat(100)]);
      }
    });

    it('not below it', async () => {
      await open(99);
      const { fields, body } = await site.ask('GET a.test/', { fields: { 'Accept-Encoding': 'gzip' } });
      expect([fields.has('content-encoding'), body]).to.deep.equal([false, 'x'.repeat(99)]);
    });
  });
});
