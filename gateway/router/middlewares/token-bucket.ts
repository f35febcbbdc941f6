/**
 * Token buckets by source, with the arithmetic of golang.org/x/time/rate, which Traefik's rateLimit stands on: a bucket
 * holds `burst` tokens and gains `average` per period; who comes shortly before the next one takes it in advance.
 */

export type BucketOptions = {
  /** Tokens a second; Infinity: no limit. */
  perSecond: number
  burst: number
  /** Sources remembered at once. */
  maxSources?: number
}

type Bucket = { tokens: number; atMs: number; movedAtMs: number }

// Which source was silent for longest is known to a second: to say so with each request would cost more than its token.
const orderedWithinMs = 1000

export type TokenBuckets = {
  /** Milliseconds until there is a token, 0 when there is one. Longer than `maxDelayMs`: refused, nothing taken. */
  take(source: string, nowMs: number): number
  readonly maxDelayMs: number
  readonly size: number
}

/** How early Traefik lets a request have its token: half the time that one takes to come. */
export function maxDelay(perSecond: number): number {
  if (perSecond === Number.POSITIVE_INFINITY) return 0
  return perSecond < 1 ? 500 : 1000 / (Math.trunc(perSecond) * 2)
}

export function createTokenBuckets({ perSecond, burst, maxSources = 65_536 }: BucketOptions): TokenBuckets {
  const maxDelayMs = maxDelay(perSecond)
  // After this long a bucket is full again: forgetting it then changes nothing.
  const fullAfterMs = (burst / perSecond) * 1000
  const buckets = new Map<string, Bucket>()

  function bucketOf(source: string, nowMs: number): Bucket {
    const known = buckets.get(source)
    if (known) {
      if (nowMs - known.movedAtMs < orderedWithinMs) return known
      // Map keeps the order of insertion: the first is the one that was used longest ago.
      known.movedAtMs = nowMs
      buckets.delete(source)
      buckets.set(source, known)
      return known
    }
    forget(nowMs)
    const made = { tokens: burst, atMs: nowMs, movedAtMs: nowMs }
    buckets.set(source, made)
    return made
  }

  function forget(nowMs: number): void {
    for (const [source, bucket] of buckets) {
      if (buckets.size < maxSources && nowMs - bucket.atMs < fullAfterMs) return
      buckets.delete(source)
    }
  }

  return {
    maxDelayMs,
    get size() {
      return buckets.size
    },
    take(source, nowMs) {
      if (perSecond === Number.POSITIVE_INFINITY) return 0
      const bucket = bucketOf(source, nowMs)
      const elapsedMs = Math.max(0, nowMs - bucket.atMs)
      const tokens = Math.min(burst, bucket.tokens + (elapsedMs / 1000) * perSecond) - 1
      const delayMs = tokens < 0 ? (-tokens / perSecond) * 1000 : 0
      bucket.atMs = Math.max(bucket.atMs, nowMs)
      bucket.tokens = delayMs > maxDelayMs ? tokens + 1 : tokens
      return delayMs
    },
  }
}
