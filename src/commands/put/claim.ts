/** Beginning an upload: may it be stored, does it fit, is nothing else on its way; then its ledger. */
import { join } from 'node:path'
import { addition } from '../../chain/addition.js'
import { type ArrivingStream, misfitRefused, misfits } from '../../chain/fit.js'
import type { Edge } from '../../chain/edge.js'
import { edgeTitle } from '../../chain/names.js'
import type { CatalogHome } from '../../catalog/home.js'
import { readSeedUpload } from '../../catalog/seed-upload.js'
import { type Failure, refused } from '../../failure.js'
import { Ledger } from '../../store/ledger.js'
import type { UploadHeader } from '../../store/notes.js'
import type { Begin } from '../../stream/begin.js'
import { edgeInProgress, edgeToBe } from '../stored.js'

export interface Guards {
  /** Other datasets' uploads may be on their way. */
  readonly alongside: boolean
  readonly allowFlagChange: boolean
}

/** Throws status 3 where a rule says no; else nothing else can begin or remove what this upload needs. */
export function claimUpload(
  catalog: CatalogHome,
  dataDir: string,
  header: Omit<UploadHeader, 'event' | 'version' | 'id'>,
  inner: Begin | null,
  guards: Guards,
): Promise<Ledger> {
  return catalog.claim(`begin the upload of ${header.snapshot.name}`, async claim => {
    await nothingElseOnItsWay(dataDir, header, guards.alongside)
    const edges = await claim.read()
    const { name, guid } = header.snapshot
    const provides = guid === null ? [] : [{ name, guid }]
    const [objection] = addition(edges, [{ ...edgeToBe(header), provides }])
    if (objection !== undefined) throw refused(objection.what, objection.remedy)
    const misfit = inner === null ? null : misfitOf(edges, inner, guards.allowFlagChange)
    if (misfit !== null) throw misfit
    await Ledger.sweep(dataDir)
    return Ledger.create(dataDir, header)
  })
}

/** The refusal (status 3) of a stream that would not be received on top of what is stored; null if it would. */
export const misfitOf = (edges: readonly Edge[], begin: Begin, allowFlagChange: boolean): Failure | null =>
  misfitRefused(misfits(edges, [arrivingStream(begin)]), allowFlagChange)

/** A stream as the chain guard sees it. */
export const arrivingStream = (begin: Begin): ArrivingStream => ({
  snapshot: { name: begin.toname, guid: begin.toguid },
  fromGuid: begin.fromguid,
  raw: begin.raw,
  largeBlocks: begin.largeBlocks,
  toIvset: begin.toIvset,
  fromIvset: begin.fromIvset,
})

async function nothingElseOnItsWay(dataDir: string, header: { snapshot: { name: string } }, alongside: boolean) {
  const howOn = 'go on with it (--resume) or give it up (zfs2s3-abort) first'
  const dataset = (name: string) => name.split('@')[0]
  for (const ledger of await Ledger.all(dataDir)) {
    const { name } = ledger.header.snapshot
    if (alongside && dataset(name) !== dataset(header.snapshot.name)) continue
    const hint = alongside ? '' : '; --alongside allows uploads of several datasets at a time'
    throw refused(`the upload of ${edgeTitle(edgeInProgress(ledger))} is not finished`, howOn + hint)
  }
  const old = await readSeedUpload(dataDir)
  // What is only scheduled is begun here.
  const isThis = old?.uploadId === null && old.snapshot?.name === header.snapshot.name
  if (old !== null && !isThis && !alongside) {
    const name = old.snapshot?.name ?? join(dataDir, 'upload_progress.yml')
    throw refused(
      `the Python tool's upload of ${name} is not finished`,
      'finish it there, or give it up with zfs2s3-abort',
    )
  }
}
