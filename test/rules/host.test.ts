import { host } from '../../rules/host.ts';
import { matcherSuite } from './matcher.ts';

matcherSuite(
  host,
  [
    [{ exact: 'a.test' }, { host: 'a.test' }, true],
    [{ exact: 'A.Test' }, { host: 'a.test' }, true],
    [{ in: ['b.test', 'A.test'] }, { host: 'a.test' }, true],
    [{ wildcard: '*.test' }, { host: 'a.test' }, true],
    [{ wildcard: '*.test' }, { host: 'a.b.test' }, true],
    [{ wildcard: '*.test' }, { host: 'test' }, false],
    [{ wildcard: '*.b.test' }, { host: 'ab.test' }, false],
    [{ wildcard: '*.B.test' }, { host: 'a.b.test' }, true],
    [{ pattern: '^[a-c]\\.' }, { host: 'b.test' }, true],
    [{ suffix: '.test' }, { host: 'a.test' }, true],
    [{ exact: 'a.test' }, { host: '' }, false],
  ],
  [
    [{}, '', /needs exactly one of/],
    [{ wildcard: 'a.*' }, '/wildcard', /pattern/],
    [{ wildcard: '*.a', exact: 'b' }, '', /needs exactly one of/],
    [{ wildcard: '*.a', suffix: 'b' }, '', /wildcard or suffix/],
  ],
);
