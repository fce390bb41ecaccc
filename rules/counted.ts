import { VALUE_PROPERTY, type ValueArgs } from './request-value.ts';

/** Args of a node that counts requests, perhaps together with others. */
export interface CountedArgs {
  readonly by?: ValueArgs;
  readonly key?: string;
  readonly unknown?: 'worker' | 'allow' | 'deny';
}

/** Properties of a schema for `CountedArgs`. */
export const COUNTED_PROPERTIES = {
  by: { ...VALUE_PROPERTY, description: `each value has a count of its own: ${VALUE_PROPERTY.description}` },
  key: { type: 'string', minLength: 1, description: 'nodes with the same key count together' },
  unknown: {
    enum: ['worker', 'allow', 'deny'],
    default: 'worker',
    description: 'what becomes of a request while those who count together cannot be reached',
  },
} as const;
