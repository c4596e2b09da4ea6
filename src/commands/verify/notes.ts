/** Noting in the catalog what was found good, and when. */
import { type CatalogHome, changeCatalog } from '../../catalog/home.js'
import { type Edge, rfc3339 } from '../../chain/edge.js'
import type { Outcome } from './outcome.js'

/** How long notes are gathered, in milliseconds: the catalog is written as a whole each time. */
const gatherMs = 10_000

export class VerifiedNotes {
  readonly #catalog: CatalogHome
  readonly #verified = new Map<string, { readonly etag: string | null; readonly at: string }>()
  #written = performance.now()

  constructor(catalog: CatalogHome) {
    this.#catalog = catalog
  }

  /** Notes an edge if all of its bytes have been found good. */
  async add({ volumes: [{ key, etag }] }: Edge, { result, checked }: Outcome): Promise<void> {
    if (result !== 'ok' || (checked !== 'hash' && checked !== 'records')) return
    this.#verified.set(key, { etag, at: rfc3339(new Date()) })
    if (performance.now() - this.#written >= gatherMs) await this.flush()
  }

  /** Writes what was gathered. An edge that was removed meanwhile, or stored again, is left alone. */
  async flush(): Promise<void> {
    if (this.#verified.size === 0) return
    await changeCatalog(this.#catalog, 'note what was verified', edges =>
      edges.map(edge => {
        const [{ key, etag }] = edge.volumes
        const note = this.#verified.get(key)
        return note?.etag === etag ? { ...edge, verifiedAt: note.at } : edge
      }),
    )
    this.#verified.clear()
    this.#written = performance.now()
  }
}
