// Makes the garbage of 2,000 requests and 50 changes a second, and does nothing else: what its longest turns take is the runtime's.

/** What the changes of the last seconds have left behind, the oldest of which goes as one comes. */
const kept: object[] = [];
let ms = 0;

setInterval(() => {
  objectsOf(2 * REQUEST_BYTES);
  if (++ms % 20 === 0) kept[(ms / 20) % KEPT_CHANGES] = objectsOf(CHANGE_BYTES);
}, 1);

/** Small objects, so many bytes together. */
function objectsOf(bytes: number): object {
  return Array.from({ length: Math.round(bytes / OBJECT_BYTES) }, (_, i) => ({ i, next: null, name: `n${i}` }));
}

const REQUEST_BYTES = 2000;
const CHANGE_BYTES = 3000;
const KEPT_CHANGES = 1000;
/** With its place in the array, and its text. */
const OBJECT_BYTES = 80;
