import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'yaml';
import { makeCertificates, type Certificates } from '../fixtures/certificates.ts';
import { startElb, type Elb } from '../fixtures/elb.ts';

/** What an example of the page may hold: kinds of documents as the file store has them, by the admin API's names. */
const KINDS = { upstreams: 'upstream', options: 'option', domains: 'domain' } as const;

const page = readFileSync(new URL('../../docs/upstreams.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/^## (.+)$|^### (.+)$|```yaml\n([\s\S]*?)```/gm)];

describe('examples of docs/upstreams.md', () => {
  let certificates: Certificates;
  let elb: Elb;
  before(async () => {
    certificates = await makeCertificates();
    elb = await startElb({ args: ['--health-commands', '/usr/bin'] });
  });
  after(async () => {
    await elb.stop();
    certificates.remove();
  });

  let heading = '';
  let count = 0;
  for (const [, chapter, title, text] of examples) {
    heading = title ?? chapter ?? heading;
    if (text === undefined) continue;
    count++;
    it(`run: ${heading} (${count})`, async () => {
      const { ca, cert, key } = certificates;
      const own = text
        .replace('/etc/elb/internal-ca.pem', ca)
        .replace('/etc/elb/elb.pem', cert)
        .replace('/etc/elb/elb.key', key);
      const documents = parse(own) as Record<string, object>; // each is refused below if it is none
      expect(Object.keys(documents)).to.not.deep.equal([]);
      for (const [kind, body] of Object.entries(documents)) {
        const name = KINDS[kind as keyof typeof KINDS]; // undefined is refused by the API
        const answer = await elb.admin('PUT', name, body);
        expect(answer.status, `${kind}: ${answer.text}`).to.equal(200);
      }
    });
  }

  it('are there for every section of options that has something to explain', () => {
    expect(count).to.be.above(12);
    for (const section of [
      'balance',
      'sticky',
      'health',
      'outlier',
      'breaker',
      'concurrency',
      'queue',
      'retry',
      'timeouts',
      'connections',
      'tls',
      'host',
    ])
      expect(
        examples.some(([, , , text = '']) => new RegExp(`^ {4}${section}:`, 'm').test(text)),
        section,
      ).to.equal(true);
  });
});
