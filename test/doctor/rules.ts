/** Lifecycle rules for tests. */
import type { LifecycleRule } from '#src/store/lifecycle.js'

/** A rule that does nothing to any object, but for what `facts` says. */
export const rule = (facts: Partial<LifecycleRule>): LifecycleRule => ({
  id: 'r',
  prefix: '',
  isForTagged: false,
  largerThan: null,
  smallerThan: null,
  expiration: null,
  cleansMarkers: false,
  transitions: [],
  noncurrentExpiration: null,
  abortsUploadsAfterDays: null,
  ...facts,
})
