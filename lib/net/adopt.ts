import net from 'node:net';
import type { Handle } from './handle.ts';

/**
 * A bare handle as one of Node's sockets. `bytes`: what was read from it already, in memory of their own; null: nothing was, and it
 * is being read. It ends when its peer does: a session of HTTP/2 hears nothing of that by itself, and would stay until it has been
 * silent for long.
 */
export function adopt(handle: Handle, bytes: Uint8Array | null): net.Socket {
  // `handle` of these kinds and `manualStart` are what Node's own server makes its sockets with; the published types leave them out.
  const options = { handle, manualStart: true, allowHalfOpen: false } as unknown as net.SocketConstructorOpts;
  const socket = new net.Socket(options);
  // Begins to read in the next turn, which a handle that is being read refuses.
  if (bytes !== null) socket.unshift(bytes);
  return socket;
}

/** The way back: the handle of a socket that nobody has read from, which has none any more. */
export function detach(socket: net.Socket): Handle {
  // Undocumented, and left out of the published types, as are the handles themselves.
  const { _handle: handle } = socket as unknown as { readonly _handle: Handle | null };
  if (handle === null) throw new Error('the socket is closed');
  handle.readStop();
  Object.assign(socket, { _handle: null });
  return handle;
}
