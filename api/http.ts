/**
 * Node's HTTP server, which only the control plane uses. An import of the module would read all that it exports, and one of those
 * loads all of `fetch`: 20 ms of each start.
 */
export const { createServer } = process.getBuiltinModule('node:http');
