import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Fault } from '../../lib/core/faults.ts';
import { IDLE_MEANS } from '../../lib/routing/means.ts';
import { Plan } from '../../lib/routing/plan.ts';
import { basic } from '../../rules/basic.ts';
import { compileNode, decideLater, problemsOf, ruleContract } from './contract.ts';

/** "open sesame" in four forms. */
const USERS = {
  ann: '$2b$04$g6z87cYRNxPvAL68UNzCUunz0Ja2rbWIn0Xapf5JfZgzvHK1DDblK',
  bob: '$apr1$r31xxxxx$ka4e8EqFUim3oj9JgtJJn0',
  eve: '{SHA}W8r/fyL/UzygmbNAjq2HbA67qac=',
  joe: '$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$dKJXL20szQYPRNzeMKE2BhCxh1Zc8W3oQV/wemj/mv8',
};
const said = (user: string, password = 'open sesame') =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const sending = (authorization: string, more: Record<string, string> = {}) => ({ fields: { authorization, ...more } });

describe('rule basic', () => {
  ruleContract(
    basic,
    [{ users: USERS }, { file: '/etc/elb/htpasswd', realm: 'staff', fields: { 'X-User': 'user' }, cache: '0s' }],
    {
      isAsync: true,
    },
  );

  for (const user of Object.keys(USERS)) {
    it(`lets ${user} in, again and again, and nobody with another password`, async () => {
      const node = compileNode(basic, { users: USERS });
      for (let i = 0; i < 3; i++) {
        expect((await decideLater(node, sending(said(user)))).edge).to.equal('next');
        expect((await decideLater(node, sending(said(user, 'open sesam')))).plan.answer?.status).to.equal(401);
      }
    });
  }

  it('tells the server who it is, whatever the client has said, and not the password', async () => {
    const node = compileNode(basic, { users: USERS, fields: { 'X-User': 'user' } });
    const { plan } = await decideLater(node, sending(said('ann'), { 'x-user': 'root' }));
    expect(plan.setFields).to.deep.equal(['X-User', 'ann']);
    expect(plan.guardedFields).to.deep.equal(['x-user']);
    expect(plan.dropFields).to.include('authorization');
    expect(plan.claims).to.deep.equal({ sub: 'ann' });
    const denied = await decideLater(node, { fields: { 'x-user': 'root' } });
    expect(denied.plan.guardedFields).to.deep.equal(['x-user']);
  });

  const others: readonly (readonly [what: string, authorization: string])[] = [
    ['nothing', ''],
    ['another scheme', 'Bearer abc'],
    ['a user that is not there', said('mallory')],
    ['a user of Object', said('__proto__')],
    ['no colon', `Basic ${Buffer.from('ann').toString('base64')}`],
    ['no base64', 'Basic ann:open sesame'],
    ['two of them', `${said('ann')}, ${said('ann')}`],
    ['a control character', said('ann\n')],
    ['a password that is longer than any', said('ann', 'x'.repeat(20_000))],
    ['a hash as password', said('ann', USERS.ann)],
  ];
  for (const [what, authorization] of others) {
    it(`asks for a password where a client sends ${what}`, async () => {
      const { edge, plan } = await decideLater(
        compileNode(basic, { users: USERS, realm: 'staff' }),
        sending(authorization),
      );
      expect(edge).to.equal(null);
      expect(plan.answer?.status).to.equal(401);
      expect(plan.answer?.lines).to.include('WWW-Authenticate: Basic realm="staff", charset="UTF-8"\r\n');
    });
  }

  it('goes to denied where the document has it', async () => {
    const node = compileNode(basic, { users: USERS, denied: 'guests' });
    expect((await decideLater(node, {})).edge).to.equal('denied');
  });

  it('takes the scheme in any case, and user and password in UTF-8', async () => {
    const node = compileNode(basic, { users: { jürgen: '$apr1$12345678$9MNYHqBKVjYlt2WQLpPiX/' } });
    const authorization = said('jürgen', 'pässwörd-longer-than-sixteen-bytes-for-sure').replace('Basic', 'bAsIc');
    expect((await decideLater(node, sending(authorization))).edge).to.equal('next');
  });

  it('decides without a promise what it has found out before', async () => {
    const node = compileNode(basic, { users: USERS });
    await decideLater(node, sending(said('ann')));
    const again = await decideLater(node, sending(said('ann')), new Plan(), { isNow: true });
    expect(again.edge).to.equal('next');
  });

  describe('with a file', () => {
    let folder = '';
    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'elb-users-'));
    });
    after(() => rmSync(folder, { recursive: true }));

    it('reads it, and reads it again when it has changed; who is gone is out', async () => {
      const file = join(folder, 'htpasswd');
      const replace = (text: string): void => {
        writeFileSync(`${file}.new`, text);
        renameSync(`${file}.new`, file);
      };
      replace(`# staff\n\nann:${USERS.ann}\r\nbroken line\nann:${USERS.eve}\n`);
      const node = compileNode(basic, { file }, { means: { ...IDLE_MEANS, coarseNow: () => performance.now() } });
      for (let i = 0; i < 3; i++) expect((await decideLater(node, sending(said('ann')))).edge).to.equal('next');
      expect((await decideLater(node, sending(said('bob')))).edge).to.equal(null);
      replace(`bob:${USERS.bob}\n`);
      const end = performance.now() + 10_000;
      while ((await decideLater(node, sending(said('bob')))).edge === null && performance.now() < end)
        await new Promise(setImmediate);
      expect((await decideLater(node, sending(said('bob')))).edge).to.equal('next');
      expect((await decideLater(node, sending(said('ann')))).edge).to.equal(null);
    });

    it('lets nobody in where there is none, and answers 503 where it cannot be read', async () => {
      const none = compileNode(basic, { file: join(folder, 'none') });
      expect((await decideLater(none, sending(said('ann')))).plan.answer?.status).to.equal(401);
      const directory = compileNode(basic, { file: folder });
      expect((await decideLater(directory, sending(said('ann')))).plan.fault).to.equal(Fault.UNVERIFIED);
    });
  });

  const bad: readonly (readonly [args: Record<string, unknown>, at: string])[] = [
    [{}, ''],
    [{ users: USERS, file: '/x' }, ''],
    [{ file: 'htpasswd' }, '/file'],
    [{ users: { ann: 'open sesame' } }, '/users/ann'],
    [{ users: { 'a:b': USERS.ann } }, '/users/a:b'],
    [{ users: USERS, realm: 'a"b' }, '/realm'],
    [{ users: USERS, cache: 'long' }, '/cache'],
    [{ users: USERS, fields: { 'X-User': 'sub' } }, '/fields/X-User'],
    [{ users: USERS, fields: { 'Transfer-Encoding': 'user' } }, '/fields/Transfer-Encoding'],
    [{ users: USERS, status: 200 }, '/status'],
  ];
  for (const [args, at] of bad)
    it(`refuses ${JSON.stringify(args)}`, () => {
      expect(problemsOf(basic, args).map((problem) => problem.at)).to.deep.equal([at]);
    });
});
