import { createHash } from 'node:crypto';
import acme from 'acme-client';
import type { ChallengeDocument } from '../tls/challenge.ts';
import type { CertificateDocument } from '../tls/certificate.ts';
import type { AcmeRules } from '../tls/domain-rules.ts';

/** How the CA is shown that a name is ours. */
export interface Proofs {
  /** Resolves once every instance answers; `null` takes the answer back. */
  publish(name: string, document: ChallengeDocument | null): Promise<void>;
  /** Sets or clears a record of DNS. */
  dns(verb: 'set' | 'clear', record: string, value: string): Promise<void>;
}

/**
 * Orders a certificate: shows for each name that it is ours, then has the CA sign a key made here. Throws what the CA or the hook
 * says. What was published for it is taken back in any case.
 */
export async function orderCertificate(
  client: acme.Client,
  names: readonly string[],
  { challenge: type, keyType }: AcmeRules,
  proofs: Proofs,
): Promise<CertificateDocument> {
  const order = await client.createOrder({ identifiers: names.map((value) => ({ type: 'dns', value })) });
  const authorizations = await client.getAuthorizations(order);
  // One after the other: two of one name (a wildcard and its domain) would share a record of DNS.
  for (const authorization of authorizations) {
    if (authorization.status !== 'valid') await authorize(client, authorization, type, proofs);
  }
  const key = keyType === 'rsa' ? await acme.crypto.createPrivateRsaKey() : await acme.crypto.createPrivateEcdsaKey();
  const [, request] = await acme.crypto.createCsr({ altNames: [...names] }, key);
  const finalized = await client.finalizeOrder(order, request);
  const certificate = await client.getCertificate(finalized);
  return { certificate, key: key.toString() };
}

async function authorize(
  client: acme.Client,
  authorization: acme.Authorization,
  type: AcmeRules['challenge'],
  proofs: Proofs,
): Promise<void> {
  const host = authorization.identifier.value;
  const challenge = authorization.challenges.find((one) => one.type === type);
  if (challenge === undefined) throw new Error(`the CA offers no ${type} for ${host}`);
  const answer = await client.getChallengeKeyAuthorization(challenge);
  if (type === 'dns-01') {
    const record = `_acme-challenge.${host}`;
    await proofs.dns('set', record, answer);
    await finish(client, challenge, () => proofs.dns('clear', record, answer));
    return;
  }
  // Short, and a name of a key whatever the CA calls it.
  const name = createHash('sha256').update(challenge.url).digest('hex').slice(0, 32);
  await proofs.publish(name, await documentOf(type, authorization, challenge.token, answer));
  await finish(client, challenge, () => proofs.publish(name, null));
}

/** Lets the CA look, and takes back what it has looked at. */
async function finish(client: acme.Client, challenge: Challenge, takeBack: () => Promise<void>): Promise<void> {
  try {
    await client.completeChallenge(challenge);
    await client.waitForValidStatus(challenge);
  } finally {
    await takeBack();
  }
}

type Challenge = acme.Authorization['challenges'][number];

async function documentOf(
  type: 'http-01' | 'tls-alpn-01',
  authorization: acme.Authorization,
  token: string,
  answer: string,
): Promise<ChallengeDocument> {
  if (type === 'http-01') return { type, token, answer };
  const own = await acme.crypto.createPrivateEcdsaKey();
  const [key, certificate] = await acme.crypto.createAlpnCertificate(authorization, answer, own);
  return { type, host: authorization.identifier.value, certificate: certificate.toString(), key: key.toString() };
}
