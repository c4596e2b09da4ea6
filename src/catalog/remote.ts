/** The catalog's object in the bucket, as far as this layer needs to know it; store/document.ts is one. */

/**
 * Whose truth it is: `copy`, that of one machine whose catalog it is copied from; `shared`, its own, for all machines that
 * change it there. Null where it doesn't say, as when people have put it there.
 */
export type Role = 'copy' | 'shared' | null

export interface RemoteVersion {
  /** Changes with every change of the object (an ETag). */
  readonly version: string
  readonly role: Role
}

export interface RemoteText extends RemoteVersion {
  readonly text: string
}

export interface RemoteFile {
  /** How it is called in messages: `'zfs2s3-catalog.yml' in bucket zfs2s3`. */
  readonly title: string
  /** Tells it apart from those of other buckets and prefixes. */
  readonly id: string
  /** The S3 service, for messages. */
  readonly service: string
  /** Null only where S3 says that there is none. Throws a Failure where that can't be known, as the next two do. */
  head(): Promise<RemoteVersion | null>
  read(): Promise<RemoteText | null>
  /**
   * Replaces it if it still is the version `expected` (null: if there is none). Gives the new version, `changed` if it is not, or
   * `unable` where the service refuses to look.
   */
  replace(text: string, role: Role, expected: string | null): Promise<{ version: string } | 'changed' | 'unable'>
  /** Replaces it, whatever it is. */
  overwrite(text: string, role: Role): Promise<{ version: string }>
  /** Whether the service really looks: tried out on another object, which is left there. */
  honoursConditions(): Promise<boolean>
}
