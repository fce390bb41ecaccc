import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'chai';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { until } from '../fixtures/until.ts';

const FOLDER = new URL('../../docs/gallery/', import.meta.url);

/** The pages of the gallery in the program, as their first page says: in a file as they are, by the admin API in two parts. */
describe('the gallery in the program', () => {
  let elb: Elb;
  before(async () => {
    elb = await startElb();
  });
  after(() => elb.stop());

  for (const file of readdirSync(FOLDER).filter((name) => name !== 'README.md'))
    it(`takes ${file}`, async () => {
      const [, json = ''] = /```json\n([^]*?)\n```/.exec(readFileSync(new URL(file, FOLDER), 'utf8')) ?? [];
      const { domains, upstreams } = JSON.parse(json) as Record<'domains' | 'upstreams', Record<string, object>>; // as it is shown
      const inForce = async (): Promise<unknown> => (await elb.admin('GET', 'domain')).json();
      writeFileSync(elb.file, json);
      await until('the file is in force', async () => isDeepStrictEqual(await inForce(), domains));
      expect((await elb.admin('GET', 'upstream')).json()).to.have.all.keys(Object.keys(upstreams));
      writeFileSync(elb.file, '{}');
      await until('nothing is in force', async () => isDeepStrictEqual(await inForce(), {}));
      expect((await elb.admin('PUT', 'upstream', upstreams)).status).to.equal(200);
      const put = await elb.admin('PUT', 'domain', domains);
      expect(put.status, put.text).to.equal(200);
      expect(await inForce()).to.deep.equal(domains);
      for (const kind of ['domain', 'upstream'])
        await elb.admin('DELETE', kind, Object.keys(kind === 'domain' ? domains : upstreams));
    });
});
