import { StoreError } from '../lib/store/store.ts';
import { defineResource, OK } from './resource.ts';
import type { AdminAnswer, AdminRequest } from './resource.ts';

/** Writes everything in memory to the store: `PUT -> {"msg": "OK"}`, 503 while the store cannot be reached. */
export const dump = defineResource({
  name: 'dump',
  methods: { PUT: { takesBody: false, handle: put } },
});

async function put({ control }: AdminRequest): Promise<AdminAnswer> {
  try {
    await control.dump();
    return OK;
  } catch (error) {
    if (error instanceof StoreError) return { status: 503, msg: error.message };
    throw error;
  }
}
