// What a peer is called.

/** A peer's name in a room: unique there, compared by UTF-16 code units. The lower one of two makes the offer. */
export type PeerId = string;
