/** What a client's connection is doing. */
export const State = {
  /** Waiting for a head, or in the middle of one. */
  HEAD: 0,
  /** One exchange is under way; what comes behind its request waits. */
  EXCHANGE: 1,
  /** It has yet to take what it was answered before more is read of it: else one that never reads fills the memory. */
  BEHIND: 2,
  /** Answered for the last time; what still arrives is thrown away so that the answer is not lost to a RST. */
  LINGER: 3,
  CLOSED: 4,
  /** ELB is overloaded: a request has come and waits at the gate, and nothing more is read meanwhile. */
  WAIT: 5,
} as const;
