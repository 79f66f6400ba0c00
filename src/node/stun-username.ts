// Reads the USERNAME of a STUN binding request (RFC 8489), by which the relay recognises an ICE agent behind a new address.
// Nothing else of STUN is read, and nothing is verified: good enough for a test relay, not for a server.

const HEADER_BYTES = 20;
const BINDING_REQUEST = 0x0001;
const MAGIC_COOKIE = 0x2112a442;
const USERNAME = 0x0006;
/** RFC 8489, 14.3: a USERNAME is shorter than 509 bytes. */
const MAX_USERNAME_BYTES = 508;

/** The USERNAME ("receiver's ufrag:sender's ufrag" in ICE); undefined if these bytes are anything else. Never throws. */
export function stunUsername(bytes: Uint8Array): string | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(0) !== BINDING_REQUEST || view.getUint32(4) !== MAGIC_COOKIE) return undefined;
  for (let at = HEADER_BYTES; at + 4 <= bytes.length;) {
    const length = view.getUint16(at + 2);
    const start = at + 4;
    if (view.getUint16(at) === USERNAME) {
      if (length > MAX_USERNAME_BYTES || start + length > bytes.length) return undefined;
      return String.fromCharCode(...bytes.subarray(start, start + length));
    }
    // Attributes are padded to a multiple of 4 bytes.
    at = start + ((length + 3) & ~3);
  }
  return undefined;
}
