import { Agent } from 'node:https';
import acme from 'acme-client';
import type { AcmeSetup } from '../core/acme-setup.ts';
import type { OwnRecord } from './own-record.ts';

/** The account that all instances of a store share. */
export interface AccountRecord {
  readonly directory: string;
  /** PEM. */
  readonly key: string;
  /** Empty until the CA has given it one. */
  readonly url: string;
}

/** A client of the CA with the account of the store, which is made where there is none yet. Throws what the CA says. */
export async function openAccount(setup: AcmeSetup, record: OwnRecord<AccountRecord>): Promise<acme.Client> {
  const { directory, email, ca, eab } = setup;
  // The library has one connection for all its clients.
  acme.axios.defaults.httpsAgent = new Agent(ca === null ? {} : { ca });
  acme.axios.defaults.timeout = REQUEST_MS;
  const fresh = (await acme.crypto.createPrivateEcdsaKey()).toString();
  // Two instances that begin at once have one key.
  const account = await record.update((now) =>
    now?.directory === directory ? null : { directory, key: fresh, url: '' },
  );
  if (account === null) throw new Error('the account was not written');
  const client = new acme.Client({
    directoryUrl: directory,
    accountKey: account.key,
    ...(account.url !== '' && { accountUrl: account.url }),
    ...(eab !== null && { externalAccountBinding: { kid: eab.kid, hmacKey: eab.hmacKey } }),
    backoffAttempts: POLLS,
    backoffMin: 500,
    backoffMax: 5000,
  });
  if (account.url !== '') return client;
  await client.createAccount({
    termsOfServiceAgreed: true,
    ...(email !== null && { contact: [`mailto:${email}`] }),
  });
  await record.update((now) => (now === null ? null : { ...now, url: client.getAccountUrl() }));
  return client;
}

const REQUEST_MS = 30_000;
const POLLS = 30;
