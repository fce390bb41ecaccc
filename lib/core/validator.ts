import { createRequire } from 'node:module';
import type * as Library from 'ajv/dist/2020.js';

/**
 * A validator of JSON schemas (draft 2020-12). The library is 83 modules, and most workers never check anything: it is loaded
 * when one is first made.
 */
export function createValidator(options: Library.Options): Library.Ajv2020 {
  const { Ajv2020 } = require('ajv/dist/2020.js') as typeof Library; // what this name stands for
  return new Ajv2020(options);
}

const require = createRequire(import.meta.url);
