/// <reference lib="dom" />
// The browser's and wrtc's classes fit the structural types without a cast: the compiler is the test.
import wrtc from '@roamhq/wrtc';
import { expect, test } from 'vitest';
import type { RtcConstructor, RtcDataChannel, RtcPeerConnection } from '../../src/link/rtc.js';
import { RTCPeerConnection } from '../../src/node/wrtc.js';

type Is<A, B> = [A] extends [B] ? true : false;
type IsAny<T> = 0 extends 1 & T ? true : false;

test('are assignable, and not because they are `any`', () => {
  const browser: Is<typeof globalThis.RTCPeerConnection, RtcConstructor> = true;
  const browserConnection: Is<InstanceType<typeof globalThis.RTCPeerConnection>, RtcPeerConnection> = true;
  const browserChannel: Is<globalThis.RTCDataChannel, RtcDataChannel> = true;
  const node: Is<typeof wrtc.RTCPeerConnection, RtcConstructor> = true;
  const any: IsAny<typeof globalThis.RTCPeerConnection> | IsAny<typeof wrtc.RTCPeerConnection> = false;
  expect([browser, browserConnection, browserChannel, node, any]).toEqual([true, true, true, true, false]);
});

test('in Node both of these are there at run time', () => {
  const constructors: readonly RtcConstructor[] = [wrtc.RTCPeerConnection, RTCPeerConnection];
  for (const constructor of constructors) expect(typeof constructor.prototype).toBe('object');
});
