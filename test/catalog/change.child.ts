/** A process that adds edges to a catalog: change.child.js DATADIR NAME COUNT. Prints a line for each edge that is in. */
import { changeCatalog } from '#src/catalog/catalog.js'
import { edge } from '../chain/notation.js'

const [dataDir = '', name = '', count = ''] = process.argv.slice(2)
for (let n = 0; n < Number(count); n++) {
  await changeCatalog(dataDir, `child ${name}`, all => [...all, edge(`${name}-${n}`)], { waitMs: 60_000 })
  console.log(`${name}-${n}`)
}
