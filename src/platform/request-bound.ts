/**
 * Whether I/O belongs to the request that has begun it: on Cloudflare Workers. There a `fetch()` or a timer is cut off when
 * its request is over, so no request may depend on what another one has begun.
 */
export function isIoRequestBound(): boolean {
  try {
    return navigator.userAgent === 'Cloudflare-Workers';
  } catch {
    // There is no navigator.
    return false;
  }
}
