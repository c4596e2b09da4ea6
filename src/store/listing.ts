/** What a bucket has, page by page (S3 API: ListObjectsV2). */
import type { ListObjectsV2CommandOutput } from '@aws-sdk/client-s3'
import { rfc3339 } from '../chain/edge.js'
import { failed } from '../failure.js'
import { type Connection, required } from './connection.js'
import { type Patience, patiently } from './patience.js'

/** An object as a listing has it, which is less than HeadObject says. */
export interface ListedObject {
  readonly key: string
  readonly bytes: number
  readonly etag: string
  readonly storageClass: string
  /** When it was stored: UTC, RFC 3339. */
  readonly modified: string
}

/**
 * All objects whose keys begin with `prefix`, in the order of S3, a page of them in memory at a time. A passing error is
 * waited out; whatever else keeps the list from being complete is thrown as a Failure, before or after objects were given.
 */
export async function* listObjects(
  connection: Connection,
  prefix: string,
  patience: Patience,
): AsyncGenerator<ListedObject> {
  let after: string | undefined
  do {
    const command = new connection.sdk.ListObjectsV2Command({
      Bucket: connection.bucket,
      Prefix: prefix,
      // XML can't hold every character that a key can.
      EncodingType: 'url',
      ...(after !== undefined && { ContinuationToken: after }),
    })
    const answer: ListObjectsV2CommandOutput = await patiently(
      () => connection.send({ doing: 'list' }, patience.signal, options => connection.client.send(command, options)),
      patience,
    )
    for (const { Key, Size, ETag, StorageClass, LastModified } of answer.Contents ?? []) {
      yield {
        key: decodeListed(required(Key, 'a key'), answer.EncodingType),
        bytes: required(Size, 'a size'),
        etag: required(ETag, 'an ETag'),
        storageClass: StorageClass ?? 'STANDARD',
        modified: rfc3339(required(LastModified, 'a time')),
      }
    }
    // Only a list that says that it is complete is complete.
    const isTruncated = required(answer.IsTruncated, 'whether the list is complete')
    after = isTruncated ? required(answer.NextContinuationToken, 'where its list goes on') : undefined
  } while (after !== undefined)
}

/** A name as it is, out of a list that was asked for with `encoding-type=url`; not every service heeds that. */
export function decodeListed(name: string, encoding: string | undefined): string {
  if (encoding !== 'url') return name
  try {
    return decodeURIComponent(name.replaceAll('+', ' '))
  } catch (error) {
    throw failed(`the service lists the key '${name}', which is not encoded as it says`, undefined, error)
  }
}
