import type { ServerResponse } from 'node:http';
import type { Page } from './resource.ts';

/**
 * Sends the parts of a page, each once the one before is on its way: who makes them may use their memory again. Rejects where the client
 * is gone.
 */
export async function sendParts(response: ServerResponse, parts: Page['parts']): Promise<void> {
  const gone = Promise.withResolvers<never>();
  gone.promise.catch(() => undefined);
  response.once('close', () => gone.reject(new Error('the client is gone')));
  for await (const part of parts) {
    if (part.length > 0) await Promise.race([written(response, part), gone.promise]);
  }
  response.end();
}

function written(response: ServerResponse, part: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    response.write(part, (error) => (error ? reject(error) : resolve()));
  });
}
