import { expect } from 'chai';
import { lookup } from '../../rules/lookup.ts';
import { Site, to } from '../fixtures/site.ts';
import { problemsOf, ruleContract } from './contract.ts';

const VALUES = { ann: { plan: 'gold', region: 'eu' }, bob: { plan: 'frei für alle' }, __proto__x: { plan: 'x' } };
const FIELDS = { 'X-Plan': 'plan', 'X-Region': 'region' };

describe('rule lookup', () => {
  ruleContract(lookup, [
    { on: { header: 'cookie' }, values: VALUES, fields: FIELDS },
    { on: 'host', values: { 'a.test': { a: '' } }, fields: { 'X-A': 'a' }, missing: 'm' },
  ]);

  const site = new Site();
  afterEach(() => site.close());

  it('tells the server what stands in the list, and never what the client says', async () => {
    await site.open({
      domains: {
        'a.test': {
          lookup: [
            'lookup',
            { on: { header: 'X-Account' }, values: VALUES, fields: FIELDS, next: 'known', missing: 'unknown' },
          ],
          known: to('known'),
          unknown: to('unknown'),
        },
      },
      servers: ['known', 'unknown'],
    });
    const lies = { 'X-Plan': 'platinum', x_region: 'us' };
    for (const [account, server, plan, region] of [
      ['ann', 'known', 'gold', 'eu'],
      ['bob', 'known', 'frei fÃ¼r alle', undefined],
      ['eve', 'unknown', undefined, undefined],
      ['__proto__', 'unknown', undefined, undefined],
      ['constructor', 'unknown', undefined, undefined],
      ['', 'unknown', undefined, undefined],
    ] as const) {
      const { got } = await site.ask('GET a.test/', { fields: { ...lies, 'X-Account': account } });
      expect(
        [got?.server, got?.fields['x-plan'], got?.fields['x-region'], got?.fields['x_region']],
        account,
      ).to.deep.equal([server, plan, region, undefined]);
    }
  });

  it('is seen by the nodes behind it, and may go by several values together', async () => {
    await site.open({
      domains: {
        'a.test': {
          path: ['path', { params: '/:part/*rest', succ: 'lookup', fail: null }],
          lookup: [
            'lookup',
            {
              on: { template: '${header.X-Account}-${param.part}' },
              values: { 'ann-api': { plan: 'gold' } },
              fields: { 'X-Plan': 'plan' },
              next: 'plan',
              missing: 'others',
            },
          ],
          plan: ['header', { name: 'X-Plan', exact: 'gold', succ: 'golden', fail: 'others' }],
          golden: to('golden'),
          others: to('others'),
        },
      },
      servers: ['golden', 'others'],
    });
    const fields = { 'X-Account': 'ann', 'X-Plan': 'gold' };
    expect((await site.ask('GET a.test/api/x', { fields })).got?.server).to.equal('golden');
    expect((await site.ask('GET a.test/web/x', { fields })).got?.server).to.equal('others');
  });

  for (const [args, at] of [
    [{ on: 'host', values: {}, fields: FIELDS }, '/values'],
    [{ on: 'host', values: { a: { plan: 1 } }, fields: { 'X-A': 'plan' } }, '/values/a/plan'],
    [{ on: 'host', values: { 'a/b': { plan: 'a\nb' } }, fields: { 'X-A': 'plan' } }, '/values/a~1b/plan'],
    [{ on: 'host', values: { a: { plan: 'x' } }, fields: { 'X-A': 'paln' } }, '/fields/X-A'],
    [{ on: 'host', values: { a: { plan: 'x' } }, fields: { Connection: 'plan' } }, '/fields/Connection'],
    [{ on: 'host', values: { a: { plan: 'x' } }, fields: {} }, '/fields'],
    [{ on: { template: '${x}' }, values: { a: { plan: 'x' } }, fields: { 'X-A': 'plan' } }, ''],
  ] as const)
    it(`refuses ${JSON.stringify(args)}`, () => {
      expect(problemsOf(lookup, args).map((problem) => problem.at)).to.deep.equal([at]);
    });
});
