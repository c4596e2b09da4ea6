/** Whether an object can be read, as S3's answer to HeadObject says it (S3 User Guide: Archive retrieval). */
import { rfc3339 } from '../chain/edge.js'

/**
 * - online: it can be read at any time
 * - archived: it has to be thawed before it can be read
 * - thawing: that has been asked for and is not done yet
 * - ready: it was archived, and there is a copy to read for a time
 */
export type Availability = 'online' | 'archived' | 'thawing' | 'ready'

export interface ArchiveState {
  readonly state: Availability
  /** Until when there is the copy: UTC, RFC 3339. Null unless `ready`. */
  readonly readyUntil: string | null
}

/** How long a retrieval may take, which is what it costs (S3 User Guide: Archive retrieval options). */
export const tiers = ['Standard', 'Bulk', 'Expedited'] as const
export type Tier = (typeof tiers)[number]

/** What HeadObject says of it: the values of three headers. */
export interface ArchiveHeaders {
  readonly storageClass: string
  /** `x-amz-archive-status`, only of INTELLIGENT_TIERING. */
  readonly archiveStatus: string | undefined
  /** `x-amz-restore`. */
  readonly restore: string | undefined
}

/** Classes of which every object is archived; GLACIER_IR can be read at once. */
export const isArchiveClass = (storageClass: string): boolean => ['GLACIER', 'DEEP_ARCHIVE'].includes(storageClass)

export function archiveState({ storageClass, archiveStatus, restore = '' }: ArchiveHeaders): ArchiveState {
  const isArchived = isArchiveClass(storageClass) || (archiveStatus ?? '') !== ''
  if (!isArchived) return { state: 'online', readyUntil: null }
  if (restore.includes('ongoing-request="true"')) return { state: 'thawing', readyUntil: null }
  if (!restore.includes('ongoing-request="false"')) return { state: 'archived', readyUntil: null }
  const expiry = Date.parse(/expiry-date="([^"]*)"/.exec(restore)?.[1] ?? '')
  const until = Number.isNaN(expiry) ? null : rfc3339(new Date(expiry))
  return { state: 'ready', readyUntil: until }
}
