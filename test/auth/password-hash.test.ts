import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { hashKind } from '../../lib/auth/hash-kind.ts';
import { Hasher, HasherBusy } from '../../lib/auth/hasher.ts';
import { passwordFits } from '../../lib/auth/password-hash.ts';

const SESAME = 'open sesame';

/** Made by other programs: `htpasswd`, `openssl passwd`, glibc's `crypt`, the `argon2` command. */
const HASHES: readonly (readonly [kind: string, password: string, hash: string])[] = [
  ['bcrypt', 'myPassword', '$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC'],
  ['bcrypt', 'open sesame', '$2b$04$g6z87cYRNxPvAL68UNzCUunz0Ja2rbWIn0Xapf5JfZgzvHK1DDblK'],
  ['apr1', 'myPassword', '$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/'],
  ['apr1', 'open sesame', '$apr1$r31xxxxx$ka4e8EqFUim3oj9JgtJJn0'],
  ['apr1', '', '$apr1$ab$S8K6Sgp3W8c9Jb6LxgywZ.'],
  ['apr1', 'pässwörd-longer-than-sixteen-bytes-for-sure', '$apr1$12345678$9MNYHqBKVjYlt2WQLpPiX/'],
  ['sha-crypt', 'myPassword', '$5$saltstring$MkP5qKcKBbjj8bsVcXLwsVnoyIfhVxvKRnDs04znYE3'],
  ['sha-crypt', '', '$5$saltstring$FdNfA4gXqvCeO6iZs7G/.wwwoywYZqo0l1pwmfWaBA7'],
  ['sha-crypt', 'This is just a test', '$5$rounds=5000$toolongsaltstrin$Un/5jzAHMgOGZ5.mWJpuVolil07guHPvOW8mGRcvxa5'],
  ['sha-crypt', 'a', '$5$rounds=1400$$uIyvGUHC.R/ocIS7EHs.73/Y8Ytd1JQjaG64b3oBfUC'],
  [
    'sha-crypt',
    'open sesame',
    '$6$ab$dIW3Wji1L7H/EtbFwNcdf.McauHx1B7jmcs3f1sQjmZYvEKFavmsR71FW66s0rLLa4yQZ1P8weM6xnx8mp6uH/',
  ],
  [
    'sha-crypt',
    'pässwörd-longer-than-sixty-four-bytes-for-sure-because-of-many-more-words',
    '$6$rounds=10000$saltstringsaltst$8YMv8.3ddVlwrPbq6qCW38pFMP62u6LxR1hYxsEMFyQ6Dnp5BYMIp3Xvx/YvBSur.PsLb6wUr4QlOZ1Zl7Ts5.',
  ],
  ['sha1', 'myPassword', '{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE='],
  ['sha1', 'open sesame', '{SHA}W8r/fyL/UzygmbNAjq2HbA67qac='],
  ['argon2', 'password', '$argon2i$v=19$m=65536,t=2,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG'],
  [
    'argon2',
    'open sesame',
    '$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$dKJXL20szQYPRNzeMKE2BhCxh1Zc8W3oQV/wemj/mv8',
  ],
];

describe('stored passwords', () => {
  for (const [kind, password, hash] of HASHES) {
    it(`${kind}: ${hash} fits ${JSON.stringify(password)} and nothing else`, () => {
      expect(hashKind(hash)).to.equal(kind);
      expect(passwordFits(password, hash)).to.equal(true);
      for (const wrong of [`${password} `, password.slice(1), password.toUpperCase() + 'x', '\0', hash])
        if (wrong !== password) expect(passwordFits(wrong, hash), wrong).to.equal(false);
    });
  }

  const unknown = [
    '',
    'open sesame',
    '$2b$03$IAv7Cl8pwFvIgHqAsZSuH.2G1mzjNfw1bXv9P8ZgSfd5D4nHXCVCu',
    '$2b$31$IAv7Cl8pwFvIgHqAsZSuH.2G1mzjNfw1bXv9P8ZgSfd5D4nHXCVCu',
    '$argon2id$v=19$m=99999999,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$c29tZXNhbHRzb21lc2FsdA',
    '$argon2id$v=19$m=1048576,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$c29tZXNhbHRzb21lc2FsdA',
    '$argon2id$v=19$m=4,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$c29tZXNhbHRzb21lc2FsdA',
    '$argon2id$v=16$m=64,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$c29tZXNhbHRzb21lc2FsdA',
    '{SHA}too short',
    '$5$saltstring$MkP5qKcKBbjj8bsVcXLwsVnoyIfhVxvKRnDs04znYE',
    '$6$rounds=999999999$saltstringsaltst$8YMv8.3ddVlwrPbq6qCW38pFMP62u6LxR1hYxsEMFyQ6Dnp5BYMIp3Xvx/YvBSur.PsLb6wUr4QlOZ1Zl7Ts5.',
    '$6$rounds=10$saltstringsaltst$8YMv8.3ddVlwrPbq6qCW38pFMP62u6LxR1hYxsEMFyQ6Dnp5BYMIp3Xvx/YvBSur.PsLb6wUr4QlOZ1Zl7Ts5.',
    '$6$seventeen-letters$8YMv8.3ddVlwrPbq6qCW38pFMP62u6LxR1hYxsEMFyQ6Dnp5BYMIp3Xvx/YvBSur.PsLb6wUr4QlOZ1Zl7Ts5.',
    '$1$abc$defghijklmnopqrstuvwxy',
    'rl.3StKT.4T8M',
  ];
  for (const hash of unknown)
    it(`takes ${JSON.stringify(hash)} for no hash, and no password for it`, () => {
      expect(hashKind(hash)).to.equal(null);
      expect(passwordFits(SESAME, hash)).to.equal(false);
      expect(passwordFits(hash, hash)).to.equal(false);
    });

  it('looks at no more of a password than bcrypt does, and so takes none that is longer', () => {
    const [, , hash = ''] = HASHES[1] ?? [];
    expect(passwordFits(SESAME + '\0'.repeat(62), hash)).to.equal(false);
  });
});

describe('hashes of SHA-crypt', () => {
  it('are those of openssl, whatever the password and the salt', () => {
    const salts = fc.string({ unit: fc.constantFrom(...'./09AZaz'), minLength: 1, maxLength: 16 });
    const passwords = fc.string({ unit: fc.constantFrom(...'aé€ $:'), maxLength: 80 });
    fc.assert(
      fc.property(fc.constantFrom('5', '6'), salts, passwords, (form, salt, password) => {
        const made = execFileSync('openssl', ['passwd', `-${form}`, '-salt', salt, '-stdin'], {
          input: `${password}\n`,
        });
        const hash = made.toString('utf8').trim();
        if (password === '') return; // openssl takes no empty line
        expect([hashKind(hash), passwordFits(password, hash)]).to.deep.equal(['sha-crypt', true]);
      }),
      { numRuns: 25 },
    );
  });

  it('are not made of passwords so long that they would take long', () => {
    const hash = '$6$ab$C5LIJtBXrwDesde2RU3SgvsjvBb56W.R6heWOkG.Cklkr/kaLw9qswXsrPrv/Mlf6epa6pzd/Lqjlx3jsvqsv1';
    expect([hashKind(hash), passwordFits('a'.repeat(257), hash)]).to.deep.equal(['sha-crypt', false]);
  });
});

describe('the thread that hashes', () => {
  const [, , slow = ''] = HASHES[1] ?? [];

  it('answers each question, and leaves the loop to others meanwhile', async () => {
    const hasher = new Hasher();
    let turns = 0;
    const count = setInterval(() => turns++, 0);
    const answers = await Promise.all(['a', SESAME, 'b', SESAME].map((password) => hasher.fits(password, slow)));
    clearInterval(count);
    expect(answers).to.deep.equal([false, true, false, true]);
    expect(turns).to.be.above(0);
    await hasher.stop();
  });

  it('lets no more wait than it may', async () => {
    const hasher = new Hasher(2);
    const results = await Promise.allSettled([1, 2, 3].map(() => hasher.fits(SESAME, slow)));
    expect(results.map(({ status }) => status)).to.deep.equal(['fulfilled', 'fulfilled', 'rejected']);
    expect(results[2]).to.have.property('reason').that.is.instanceOf(HasherBusy);
    await hasher.stop();
  });

  it('fails those who wait when it ends, and begins again for the next one', async () => {
    const hasher = new Hasher();
    const waiting = hasher.fits(SESAME, slow).then(
      () => 'answered',
      () => 'failed',
    );
    await hasher.stop();
    expect(await waiting).to.equal('failed');
    expect(await hasher.fits(SESAME, slow)).to.equal(true);
    await hasher.stop();
  });
});
