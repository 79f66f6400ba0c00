// The sizes that packets may have, each with its reason.

/** The version of the packets and of the rules between peers. Peers with different ones refuse to play. */
export const PROTOCOL_VERSION = 1;

/** Bytes of the largest input packet, sent or looked at: one SCTP packet holds 1163 (measured), and what needs two is lost twice as often. */
export const MAX_INPUT_BYTES = 1_100;

/** Bytes of the largest control packet that is looked at: what a channel carries in one message everywhere. */
export const MAX_CONTROL_BYTES = 65_536;

/** Frames that one packet can carry: what can be unacknowledged between peers that keep the rules (see `ringCapacity`). */
export const MAX_FRAMES_A_PACKET = 128;

/** Levels of arrays in a control packet. */
export const MAX_DEPTH = 4;

/** Characters of an id or a text in a control packet. */
export const MAX_TEXT = 256;

/** The largest frame number: 414 days at 60 Hz, and still an int32 with room to add to. */
export const MAX_FRAME = 0x7fff_0000;

/** Packet numbers go round at this: 2 s of packets at 60 Hz, half a second at 240. An echo that is older is taken for a newer one. */
export const NUMBER_RANGE = 128;
