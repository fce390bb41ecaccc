/** Why a connection was lost, where its peer has certainly done nothing of what was asked on it. */
export class Unprocessed extends Error {}
